import { Button, Table } from '@mantine/core';
import type { TypedDocumentNode } from '@urql/core';
import type { ReactNode } from 'react';
import type { PageFragment } from '../gql/documents';
import { usePlace } from '../lib/address';
import { ZONE } from '../lib/time';
import { Scroll } from './bits';
import { CopyGraphql } from './CopyGraphql';
import { useBooks } from './Following';
import { Loaded } from './Loaded';

type Paging = 'first' | 'after' | 'last' | 'before';

/** A list as it was asked for: its filters, and where it stands. */
export type Paged<D> = ReturnType<typeof usePaged<D, Record<string, unknown>>>;

/** Asks for one page of a list. `name` is what the address calls the list. */
export function usePaged<D, V extends Record<string, unknown>>(
  name: string,
  size: number,
  query: TypedDocumentNode<D, V>,
  given: Omit<V, Paging>,
  context?: { additionalTypenames: string[] },
) {
  const place = usePlace(name, size);
  const variables = { ...given, ...place.variables } as unknown as V;
  const result = useBooks({ query, variables, ...(context === undefined ? {} : { context }) });
  const copy = <CopyGraphql document={query} variables={variables} />;
  return { result, place, copy, leadsBack: hasVariable(query, 'before') };
}

/** Whether a document takes this variable: some lists can only be read forwards. */
function hasVariable(query: { definitions: readonly object[] }, name: string): boolean {
  return query.definitions.some(
    (definition) =>
      'variableDefinitions' in definition &&
      (definition.variableDefinitions as { variable: { name: { value: string } } }[]).some(
        ({ variable }) => variable.name.value === name,
      ),
  );
}

/** The page of a list, and the way to the next and the one before. */
export function Page<D, Row>({
  of,
  list,
  what,
  none,
  rows = 10,
  children,
}: {
  of: Paged<D>;
  list: (data: D) => { nodes: Row[]; pageInfo: PageFragment } | null | undefined;
  /** What is listed, in the plural. */
  what: string;
  /** Shown where there is nothing. */
  none: ReactNode;
  rows?: number;
  children: (nodes: Row[], data: D) => ReactNode;
}) {
  const { result, place, leadsBack } = of;
  return (
    <Loaded result={result} rows={rows}>
      {(data) => {
        const found = list(data);
        const isEmpty = found === null || found === undefined || found.nodes.length === 0;
        return (
          <>
            {isEmpty ? none : children(found.nodes, data)}
            {found?.pageInfo !== undefined && (
              <Pager
                page={found.pageInfo}
                go={place.go}
                isFirst={place.isFirst}
                busy={result[0].fetching}
                leadsBack={leadsBack}
                what={what}
              />
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function Pager({
  page,
  go,
  isFirst,
  busy,
  leadsBack,
  what,
}: {
  page: PageFragment;
  /** What is shown may be of another filter, whose cursors lead nowhere in this one. */
  busy: boolean;
  leadsBack: boolean;
  go: ReturnType<typeof usePlace>['go'];
  isFirst: boolean;
  what: string;
}) {
  if (!page.hasNextPage && !page.hasPreviousPage && isFirst) return null;
  const { startCursor, endCursor } = page;
  const lead = (cursor: 'after' | 'before', value: string | null) => {
    if (!busy) go(value === null ? 'first' : cursor === 'after' ? { after: value } : { before: value });
  };
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <Button variant="default" disabled={isFirst} onClick={() => go('first')}>
        First
      </Button>
      {leadsBack && (
        <Button
          variant="default"
          disabled={!page.hasPreviousPage || startCursor === null}
          aria-disabled={busy}
          onClick={() => lead('before', startCursor)}
        >
          Previous
        </Button>
      )}
      <Button
        variant="default"
        disabled={!page.hasNextPage || endCursor === null}
        aria-disabled={busy}
        onClick={() => lead('after', endCursor)}
      >
        Next
      </Button>
    </nav>
  );
}

/** The head of a column; times name their zone, amounts are right-aligned, and a phone has no place for `wide` ones. */
export type Column = string | { amount: string } | { wide: string } | { time: string };

/** A table with a name, which scrolls by itself. */
export function List({
  label,
  columns,
  withActions = false,
  className = '',
  children,
}: {
  label: string;
  columns: (Column | false)[];
  /** Whether its last column has buttons. */
  withActions?: boolean;
  className?: string;
  children: ReactNode;
}) {
  return (
    <Scroll label={label}>
      <Table className={`list ${className}`} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => {
              if (column === false) return null;
              const [title, className] =
                typeof column === 'string'
                  ? [column, undefined]
                  : 'amount' in column
                    ? [column.amount, 'number']
                    : 'wide' in column
                      ? [column.wide, 'wide-only']
                      : [column.time, undefined];
              return (
                <Table.Th key={title} scope="col" className={className}>
                  {title}
                  {typeof column === 'object' && 'time' in column && <span className="sub">{ZONE}</span>}
                </Table.Th>
              );
            })}
            {withActions && (
              <Table.Th scope="col">
                <span className="offscreen">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Scroll>
  );
}
