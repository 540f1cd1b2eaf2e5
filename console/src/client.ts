import { cacheExchange, Client, type Exchange, fetchExchange, mapExchange, subscriptionExchange } from 'urql';
import type { Client as Socket } from 'graphql-ws';
import { socketFor } from './lib/socket';

/** How the API is asked with one key: what one key has seen is never shown to another. */
export interface Session {
  client: Client;
  /** Of what is followed. */
  socket: Socket;
}

/** Whether the server refused the key itself. */
function isUnauthenticated(error: { response?: unknown } | undefined): boolean {
  const response: unknown = error?.response;
  return response instanceof Response && response.status === 401;
}

/**
 * What was asked again and failed keeps its last answer, beside what went wrong: a page that could not
 * be refreshed stays, with whatever is typed on it. An answer in part is none.
 */
function keepLast(): Exchange {
  const last = new Map<number, unknown>();
  return mapExchange({
    onOperation: ({ key, kind }) => {
      if (kind === 'teardown') last.delete(key);
    },
    onResult: (result) => {
      const { key, kind } = result.operation;
      if (kind !== 'query') return result;
      if (result.error !== undefined) return { ...result, data: last.get(key) };
      last.set(key, result.data);
      return result;
    },
  });
}

export function sessionFor(key: string, refused: () => void): Session {
  // What follows starts again by itself, from the last entry it has: see lib/follow.ts.
  const socket = socketFor(key, 0);
  const client = new Client({
    url: '/graphql',
    exchanges: [
      mapExchange({
        onError: (error) => {
          if (isUnauthenticated(error)) refused();
        },
      }),
      keepLast(),
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: variables as Record<string, unknown> }, sink),
          }),
        }),
      }),
    ],
    requestPolicy: 'cache-and-network',
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  });
  return { client, socket };
}

/**
 * Of every query of the books: whatever a mutation changes, what is on the page is asked for again,
 * lists that were empty too.
 */
export const BOOKS = {
  additionalTypenames: ['Balance', 'Customer', 'CreditGrant', 'Credit', 'LedgerEntry', 'Drawdown'],
};
