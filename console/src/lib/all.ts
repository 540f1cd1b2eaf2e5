import type { TypedDocumentNode } from '@urql/core';
import { useEffect, useState } from 'react';
import { type CombinedError, type RequestPolicy, useClient } from 'urql';
import type { PageFragment } from '../gql/documents';

/** The most pages of a list that are read for one picture or one choice. */
const PAGES_MAX = 20;

interface State<Row> {
  data: { nodes: Row[]; isWhole: boolean } | undefined;
  error: CombinedError | undefined;
  fetching: boolean;
  stale: boolean;
}

/**
 * All of a list, page after page, for what needs the whole of it: a chart, a choice. Read anew when
 * `state` changes; meanwhile there is what there was.
 */
export function useAll<D, V extends { after?: string | null | undefined }, Row>(
  query: TypedDocumentNode<D, V>,
  variables: Omit<V, 'after'>,
  list: (data: D) => { nodes: Row[]; pageInfo: PageFragment } | null | undefined,
  state: string | number,
  requestPolicy: RequestPolicy = 'network-only',
) {
  const client = useClient();
  const [found, setFound] = useState<State<Row>>({ data: undefined, error: undefined, fetching: true, stale: false });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      const nodes: Row[] = [];
      let after: string | null | undefined;
      for (let pages = 0; pages < PAGES_MAX; pages += 1) {
        const asked = { ...variables, after } as unknown as V;
        const result = await client.query(query, asked, { requestPolicy }).toPromise();
        if (!isWanted) return;
        const page = result.data === undefined ? undefined : (list(result.data) ?? undefined);
        if (result.error !== undefined || page === undefined) {
          setFound((before) => ({ ...before, error: result.error, fetching: false, stale: false }));
          return;
        }
        nodes.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
        if (after === null) break;
      }
      setFound({ data: { nodes, isWhole: after === null }, error: undefined, fetching: false, stale: false });
    };
    setFound((before) => ({ ...before, fetching: true, stale: before.data !== undefined }));
    void read();
    return () => {
      isWanted = false;
    };
  }, [client, JSON.stringify(variables), state, tries]);
  return [found, () => setTries((before) => before + 1)] as const;
}
