// node once.js ws|sse URL KEY QUERY: what a client is told of one operation, as JSON.
import { createClient as createEvents } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [transport, url, key, query] = process.argv.slice(2);
const authorization = `Bearer ${key}`;
const client =
  transport === "ws"
    ? createSocket({
        url: url.replace("http", "ws"),
        webSocketImpl: WebSocket,
        connectionParams: { token: key },
        retryAttempts: 0,
      })
    : createEvents({ url, headers: { authorization }, retryAttempts: 0 });
const told = [];
await new Promise((resolve) => {
  client.subscribe(
    { query },
    {
      next: (value) => told.push({ next: value }),
      error: (error) => {
        const response = error?.response;
        told.push({ error: Array.isArray(error) ? error : (error.code ?? response?.status ?? String(error)) });
        resolve();
      },
      complete: () => {
        told.push("complete");
        resolve();
      },
    },
  );
});
console.log(JSON.stringify(told));
process.exit(0);
