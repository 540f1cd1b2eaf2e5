import { Button } from '@mantine/core';
import { useState } from 'react';
import type { PageFragment } from '../gql/documents';

interface Place {
  after?: string;
  before?: string;
}

/** Where a list stands. It starts anew when what it lists is another (`key`). */
export function usePlace(size: number, key = '') {
  const [state, setState] = useState<{ key: string; place: Place }>({ key, place: {} });
  const place = state.key === key ? state.place : {};
  const go = (next: Place) => setState({ key, place: next });
  const variables =
    place.before === undefined
      ? { first: size, after: place.after }
      : { last: size, before: place.before };
  return { variables, go, isFirst: place.after === undefined && place.before === undefined };
}

export function Pager({
  page,
  go,
  what,
}: {
  page: PageFragment;
  go: (place: Place) => void;
  what: string;
}) {
  if (!page.hasNextPage && !page.hasPreviousPage) return null;
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <Button
        variant="default"
        disabled={!page.hasPreviousPage}
        onClick={() => go(page.startCursor === null ? {} : { before: page.startCursor })}
      >
        Previous
      </Button>
      <Button
        variant="default"
        disabled={!page.hasNextPage}
        onClick={() => go(page.endCursor === null ? {} : { after: page.endCursor })}
      >
        Next
      </Button>
    </nav>
  );
}
