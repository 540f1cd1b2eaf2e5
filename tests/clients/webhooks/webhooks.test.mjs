// Stripe's library for Node and that of Standard Webhooks take the webhooks of Scrip.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

import { serve } from "../harness.mjs";

const KEY = "sk_test_scrip_under_test";

/** A receiver, and what it is told once there is so much. */
async function receive() {
  const told = [];
  let changed = () => {};
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      told.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.end();
      changed();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const count = (many) =>
    new Promise((resolve) => {
      changed = () => told.length >= many && resolve(told);
      changed();
    });
  const url = `http://127.0.0.1:${server.address().port}/hook`;
  return { url, count, close: () => server.close() };
}

test("constructEvent of stripe and verify of standardwebhooks take what is delivered", async () => {
  const server = await serve({ key: KEY, args: ["--webhook-private-addresses"] });
  const [stripe, scrip] = [await receive(), await receive()];
  try {
    const secrets = [];
    for (const [format, { url }] of [["STRIPE", stripe], ["SCRIP", scrip]]) {
      const input = { format, url, eventTypes: ["customer.created"] };
      secrets.push((await server.mutate("createWebhookEndpoint", "secret", input)).secret);
    }
    for (const name of ["Ann", "Ben"]) await server.mutate("createCustomer", "customer { id }", { name });
    const library = new Stripe(KEY);
    for (const { headers, body } of await stripe.count(2)) {
      const event = library.webhooks.constructEvent(body, headers["stripe-signature"], secrets[0]);
      assert.equal(event.type, "customer.created");
      assert.ok(["Ann", "Ben"].includes(event.data.object.name));
      assert.throws(
        () => library.webhooks.constructEvent(`${body} `, headers["stripe-signature"], secrets[0]),
        Stripe.errors.StripeSignatureVerificationError,
      );
    }
    for (const { headers, body } of await scrip.count(2)) {
      const message = new Webhook(secrets[1]).verify(body, headers);
      assert.equal(message.type, "customer.created");
      assert.equal(message.data.id, headers["webhook-id"]);
      assert.throws(() => new Webhook(secrets[1]).verify(`${body} `, headers));
    }
  } finally {
    stripe.close();
    scrip.close();
    await server.stop();
  }
});
