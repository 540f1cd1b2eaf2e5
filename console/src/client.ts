import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';

/** Whether the server refused the key itself. */
function isUnauthenticated(error: { response?: unknown } | undefined): boolean {
  const response: unknown = error?.response;
  return response instanceof Response && response.status === 401;
}

/** One client per key: what one key has seen is never shown to another. */
export function clientFor(key: string, refused: () => void): Client {
  return new Client({
    url: '/graphql',
    exchanges: [
      mapExchange({
        onError: (error) => {
          if (isUnauthenticated(error)) refused();
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
    requestPolicy: 'cache-and-network',
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  });
}

/**
 * Of every query of the books: whatever a mutation changes, what is on the page is asked for again,
 * lists that were empty too.
 */
export const BOOKS = {
  additionalTypenames: ['Balance', 'Customer', 'CreditGrant', 'Credit', 'LedgerEntry', 'Drawdown'],
};
