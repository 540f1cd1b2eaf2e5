import { useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';

/**
 * A part of what a page shows, kept in its address: it can be linked to, loaded again and gone back to.
 * What is as usual does not stand there. A change of it starts the `lists` that depend on it anew.
 */
export function useInAddress(name: string, usual: string, ...lists: string[]): [string, (value: string) => void] {
  const [parameters, set] = useSearchParams();
  const change = (value: string) =>
    set(
      (before) => {
        const next = new URLSearchParams(before);
        for (const list of lists) leaveOff(next, list);
        if (value === usual) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? usual, change];
}

const TYPING_MS = 300;

/** What is typed into a field, told a moment after the last key; not at all where the page is left before. */
export function useTyped(value: string, tell: (value: string) => void): [string, (typed: string) => void] {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed.trim() === value) return undefined;
    // While the next page is being loaded, this one is still there, only hidden.
    const page = window.location.pathname;
    const timer = window.setTimeout(() => {
      if (window.location.pathname === page) tell(typed.trim());
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed]);
  return [typed, setTyped];
}

/** Which page of a list: after or before a cursor, or the first. */
export type Place = { after: string } | { before: string } | 'first';

/** Where a list stands, `size` at a time. Pages are gone back through with the browser, too. */
export function usePlace(list: string, size: number) {
  const [parameters, set] = useSearchParams();
  const after = parameters.get(`${list}.after`);
  const before = parameters.get(`${list}.before`);
  const go = (place: Place) =>
    set((given) => {
      const next = new URLSearchParams(given);
      leaveOff(next, list);
      if (place !== 'first') {
        for (const [name, cursor] of Object.entries(place)) next.set(`${list}.${name}`, cursor);
      }
      return next;
    });
  const variables = before === null ? { first: size, after: after ?? undefined } : { last: size, before };
  return { variables, go, isFirst: after === null && before === null };
}

function leaveOff(parameters: URLSearchParams, list: string): void {
  parameters.delete(`${list}.after`);
  parameters.delete(`${list}.before`);
}
