import { Alert, Button, Skeleton } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
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

/** How often is asked again where the server did not answer. */
const AGAIN_MS = 5_000;

/** Whether it may go well the next time: the server was not there, or had trouble of its own. */
function mayPass({ networkError, response }: CombinedError): boolean {
  return networkError !== undefined || (response instanceof Response && response.status >= 500);
}

/**
 * What went wrong with a query, if anything did, and a button that asks again. Where the last answer is
 * still there, a line says that it is no newer. A server that is away is asked until it is back.
 */
export function Failed({ result: [state, again] }: { result: Result<unknown> }) {
  const { error, fetching } = state;
  const isAway = error !== undefined && mayPass(error);
  useEffect(() => {
    if (!isAway || fetching) return undefined;
    const timer = window.setInterval(() => {
      if (!document.hidden) again({ requestPolicy: 'network-only' });
    }, AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isAway, fetching]);
  if (error === undefined) return null;
  const retry = () => again({ requestPolicy: 'network-only' });
  if (state.data !== undefined && state.data !== null) {
    return (
      <p className="not-fresh" role="status">
        This could not be refreshed; what is shown is from before. {messageOf(error)}{' '}
        <button type="button" className="link" onClick={retry}>
          Try again
        </button>
      </p>
    );
  }
  return (
    <Alert color="red" variant="outline" title="This could not be loaded" role="alert" mb="sm">
      <p>{messageOf(error)}</p>
      <Button variant="default" onClick={retry} loading={fetching}>
        Try again
      </Button>
    </Alert>
  );
}
