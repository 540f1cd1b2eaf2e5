import { useEffect } from 'react';

const ASK_MS = 3_000;

/** Asks again every few seconds as long as something is still to come, and the page is seen. */
export function useAskAgain(isAwaited: boolean, ask: (context: { requestPolicy: 'network-only' }) => void): void {
  useEffect(() => {
    if (!isAwaited) return undefined;
    const timer = window.setInterval(() => {
      if (!document.hidden) ask({ requestPolicy: 'network-only' });
    }, ASK_MS);
    return () => window.clearInterval(timer);
  }, [isAwaited, ask]);
}
