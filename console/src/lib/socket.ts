import { type Client, createClient } from 'graphql-ws';

/** How often a socket is asked whether it lives, and how long it may take to say so. */
const SIGN_OF_LIFE_MS = 15_000;
const ANSWER_MS = 5_000;

/**
 * A socket to the API. It opens when something is followed and closes when nothing is; `retries`
 * is how often it starts again by itself what was followed.
 */
export function socketFor(key: string, retries: number): Client {
  const url = new URL('/graphql', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  let overdue: number | undefined;
  const socket = createClient({
    url: url.href,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: retries,
    keepAlive: SIGN_OF_LIFE_MS,
    on: {
      ping: (received) => {
        if (!received) overdue = window.setTimeout(() => socket.terminate(), ANSWER_MS);
      },
      pong: (received) => {
        if (received) window.clearTimeout(overdue);
      },
      closed: () => window.clearTimeout(overdue),
    },
  });
  return socket;
}
