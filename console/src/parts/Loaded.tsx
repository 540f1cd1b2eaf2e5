import { Alert, Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { CombinedError, OperationContext } from 'urql';

/** Says what went wrong in words for people. */
export function messageOf(error: {
  networkError?: Error | undefined;
  graphQLErrors: { message: string }[];
}): string {
  if (error.networkError !== undefined) {
    return 'The server did not answer. It may be restarting, or the network may be down.';
  }
  return error.graphQLErrors.map(({ message }) => message).join('; ');
}

/** What a query has come to, and a way to ask again. */
export type Result<D> = readonly [
  { data?: D | undefined; error?: CombinedError | undefined; fetching: boolean; stale: boolean },
  (context?: Partial<OperationContext>) => void,
];

/** The answer to a query, or a placeholder while there is none, or what went wrong. */
export function Loaded<D>({
  result: [state, again],
  rows = 4,
  children,
}: {
  result: Result<D>;
  rows?: number;
  children: (data: D) => ReactNode;
}) {
  return (
    <>
      <Failed result={[state, again]} />
      {state.data !== undefined && state.data !== null ? (
        <div aria-busy={state.fetching || state.stale}>{children(state.data)}</div>
      ) : (
        state.fetching && (
          <div role="status" aria-label="Loading" className="skeletons">
            {Array.from({ length: rows }, (_, index) => (
              <Skeleton key={index} height={22} />
            ))}
          </div>
        )
      )}
    </>
  );
}

/** What went wrong with a query, if anything did, and a button that asks again. */
export function Failed({ result: [state, again] }: { result: Result<unknown> }) {
  if (state.error === undefined) return null;
  return (
    <Alert color="red" variant="outline" title="This could not be loaded" role="alert" mb="sm">
      <p>{messageOf(state.error)}</p>
      <Button
        variant="default"
        onClick={() => again({ requestPolicy: 'network-only' })}
        loading={state.fetching}
      >
        Try again
      </Button>
    </Alert>
  );
}
