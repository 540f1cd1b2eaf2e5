// node follow.js ws|sse URL KEY CUSTOMER CREDIT_TYPE AFTER: follows an account through every loss of
// the connection, until an entry of 777 units; a line for each entry, of its number.
import { createClient as createEvents } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [transport, url, key, customer, creditType, after] = process.argv.slice(2);
const authorization = `Bearer ${key}`;
const query = `subscription Follow($customer: ID!, $creditType: ID!, $after: BigInt) {
  ledgerEntryAdded(customerId: $customer, creditTypeId: $creditType, afterSequence: $after) {
    sequence amount
  }
}`;
let last = after;
let ended = false;

// A client of its own for each try: what it does to get back is not what is tested here.
async function follow() {
  const client =
    transport === "ws"
      ? createSocket({
          url: url.replace("http", "ws"),
          webSocketImpl: WebSocket,
          connectionParams: { authorization },
          retryAttempts: 0,
          onNonLazyError: () => {},
        })
      : createEvents({ url, headers: { authorization }, retryAttempts: 0 });
  try {
    const variables = { customer, creditType, after: last };
    for await (const result of client.iterate({ query, variables })) {
      if (result.errors) throw new Error(JSON.stringify(result.errors));
      const entry = result.data.ledgerEntryAdded;
      last = entry.sequence;
      console.log(last);
      if (entry.amount === "777") {
        ended = true;
        return;
      }
    }
  } finally {
    client.dispose();
  }
}

while (!ended) {
  try {
    await follow();
  } catch (error) {
    console.error(error?.message ?? error?.reason ?? String(error));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
