// The same scenarios as `python/`, in short, through Stripe's library for Node, which cannot take a
// path in its base address: at the root of the listener `--stripe-listen`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import Stripe from "stripe";

import { serve } from "../harness.mjs";

const KEY = "sk_test_scrip_under_test";
const DAY = 24 * 3600;
const now = Math.floor(Date.now() / 1000);

const folder = new URL("schema/", import.meta.url);
const validators = new Map(
  readdirSync(folder).map((file) => [
    file.replace(".schema.json", ""),
    new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync(new URL(file, folder), "utf8")),
    ),
  ]),
);
const LISTS = {
  "/v1/billing/credit_grants": "list.billing.credit_grant",
  "/v1/billing/credit_balance_transactions": "list.billing.credit_balance_transaction",
  "/v1/customers": "list.customer",
  "/v1/test_helpers/test_clocks": "list.test_helpers.test_clock",
};

/** Holds what came over the wire against the published schema. */
function check(body) {
  if (body.object === "list" && body.url === "/v1/events") {
    body.data.forEach(check);
    return;
  }
  let name = body.error ? "error" : body.object;
  if (body.object === "list") name = LISTS[body.url];
  if (body.deleted) name = `deleted_${body.object}`;
  const validate = validators.get(name);
  assert.ok(validate, `there is no schema for ${name}: ${JSON.stringify(body)}`);
  assert.ok(validate(body), `${name}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(body)}`);
}

/** Runs a story on a server of its own. */
function story(name, tell) {
  test(name, async () => {
    const server = await serve({ key: KEY, stripe: true });
    let failure;
    try {
      const bodies = [];
      const connect = (key) =>
        new Stripe(key, {
          host: "127.0.0.1",
          port: server.stripePort,
          protocol: "http",
          httpClient: Stripe.createFetchHttpClient(async (url, init) => {
            const answer = await fetch(url, init);
            const text = await answer.text();
            bodies.push(text);
            check(JSON.parse(text));
            return new Response(text, { status: answer.status, headers: answer.headers });
          }),
        });
      const stripe = connect(KEY);
      const grant = (customer, value, more = {}) =>
        stripe.billing.creditGrants.create({
          customer,
          amount: { type: "monetary", monetary: { currency: "usd", value } },
          applicability_config: { scope: { price_type: "metered" } },
          ...more,
        });
      await tell({ server, stripe, connect, grant, bodies });
    } catch (error) {
      failure = error;
    }
    // A failure of the story says more than what the end of the server makes of it.
    await server.stop().catch((error) => {
      failure ??= error;
    });
    if (failure) throw failure;
  });
}

async function spend(server, name, amount, more = {}) {
  const query = "query Q($name: String!) { customers(filter: { search: $name }) { nodes { id } } }";
  const [{ id }] = (await server.graphql(query, { name })).customers.nodes;
  const input = { customerId: id, amount, idempotencyKey: randomUUID(), ...more };
  await server.mutate("drawDown", "drawdown { id }", input);
}

const metered = { type: "applicability_scope", applicability_scope: { price_type: "metered" } };

async function balance(stripe, customer, filter = metered) {
  const summary = await stripe.billing.creditBalanceSummaries.retrieve({ customer, filter });
  return summary.balances.map(({ available_balance: { monetary } }) => [
    monetary.currency,
    monetary.value,
  ]);
}

story("a grant is made, changed, spent and expired", async ({ server, stripe, grant }) => {
  const customer = (await stripe.customers.create({ name: "Acme" })).id;
  const prices = [{ id: "price_1" }];
  const made = await grant(customer, 1000, {
    name: "A & b",
    metadata: { "order id": 42, a: "1" },
    expires_at: now + 30 * DAY,
    expand: ["customer"],
  });
  assert.equal(made.customer.name, "Acme");
  assert.deepEqual(made.metadata, { "order id": "42", a: "1" });
  const limited = await grant(customer, 7, { applicability_config: { scope: { prices } } });
  assert.deepEqual(limited.applicability_config.scope, { prices });
  assert.deepEqual(await balance(stripe, customer), [["usd", 1007]]);

  // The library sends null as an empty text: cleared.
  const changed = await stripe.billing.creditGrants.update(made.id, {
    expires_at: null,
    metadata: { a: null, b: "2" },
  });
  assert.equal(changed.expires_at, null);
  assert.deepEqual(changed.metadata, { "order id": "42", b: "2" });

  await spend(server, "Acme", "250", { invoiceId: "in_1" });
  const filter = { type: "credit_grant", credit_grant: made.id };
  assert.deepEqual(await balance(stripe, customer, filter), [["usd", 750]]);
  const expired = await stripe.billing.creditGrants.expire(made.id);
  assert.equal(expired.expires_at, expired.updated);
  const rows = await stripe.billing.creditBalanceTransactions.list({ credit_grant: made.id });
  assert.deepEqual(
    rows.data.map((row) => [row.debit?.type ?? row.credit.type, (row.debit ?? row.credit).amount.monetary.value]),
    [["credits_expired", 750], ["credits_applied", 250], ["credits_granted", 1000]],
  );
  assert.equal(rows.data[1].debit.credits_applied.invoice, "in_1");
  const row = await stripe.billing.creditBalanceTransactions.retrieve(rows.data[0].id, {
    expand: ["credit_grant"],
  });
  assert.equal(row.credit_grant.id, made.id);
  const voided = await stripe.billing.creditGrants.voidGrant(limited.id);
  assert.ok(voided.voided_at);
  assert.deepEqual(await stripe.billing.creditGrants.retrieve(limited.id), voided);
});

story("lists are paged both ways", async ({ stripe, grant }) => {
  const customer = (await stripe.customers.create()).id;
  const made = [];
  for (let value = 1; value <= 7; value += 1) made.push((await grant(customer, value)).id);
  const walk = async (list) => {
    const seen = [];
    for await (const item of list) seen.push(item.id);
    return seen;
  };
  const list = (more) => stripe.billing.creditGrants.list({ customer, limit: 3, ...more });
  assert.deepEqual(await walk(list()), [...made].reverse());
  assert.deepEqual(await walk(list({ ending_before: made[0] })), made.slice(1));
  const rows = stripe.billing.creditBalanceTransactions.list({ customer, limit: 3 });
  assert.equal((await walk(rows)).length, 7);
  const expanded = await list({ expand: ["data.customer"] });
  assert.equal(expanded.data[0].customer.id, customer);
});

story("each error is raised as its class", async ({ server, stripe, connect, grant }) => {
  const { errors } = Stripe;
  const raised = async (kind, status, call) => {
    let raised;
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof kind, `${error.type}: ${error.message}`);
      assert.equal(error.statusCode, status);
      assert.ok(error.requestId);
      raised = error;
      return true;
    });
    return raised;
  };
  const customer = (await stripe.customers.create()).id;
  await raised(errors.StripeAuthenticationError, 401, () => connect("sk_test_nobody").customers.list());
  const missing = await raised(errors.StripeInvalidRequestError, 404, () =>
    stripe.billing.creditGrants.retrieve("credgr_nothing"),
  );
  assert.equal(missing.code, "resource_missing");
  const wrong = await raised(errors.StripeInvalidRequestError, 400, () => grant(customer, 0));
  assert.deepEqual([wrong.code, wrong.param], ["parameter_invalid_integer", "amount[monetary][value]"]);
  const unknown = await raised(errors.StripeInvalidRequestError, 400, () => grant(customer, 1, { foo: 1 }));
  assert.equal(unknown.message, "Received unknown parameter: foo");
  const idempotencyKey = "once";
  const create = (name) => stripe.customers.create({ name }, { idempotencyKey });
  const first = await create("one");
  assert.equal((await create("one")).id, first.id);
  await raised(errors.StripeIdempotencyError, 400, () => create("two"));
  const used = await grant(customer, 5);
  await stripe.billing.creditGrants.voidGrant(used.id);
  await raised(errors.StripeInvalidRequestError, 400, () => stripe.billing.creditGrants.expire(used.id));
  void server;
});

story("a test clock moves its customers; events tell of it", async ({ stripe, grant }) => {
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: now });
  const customer = (await stripe.customers.create({ test_clock: clock.id })).id;
  await grant(customer, 100, { expires_at: now + 10 * DAY });
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: now + 400 * DAY });
  let moved;
  do moved = await stripe.testHelpers.testClocks.retrieve(clock.id);
  while (moved.status === "advancing");
  assert.deepEqual([moved.status, moved.frozen_time], ["ready", now + 400 * DAY]);
  assert.deepEqual(await balance(stripe, customer), [["usd", 0]]);
  const [row] = (await stripe.billing.creditBalanceTransactions.list({ customer })).data;
  assert.deepEqual([row.debit.type, row.effective_at], ["credits_expired", now + 10 * DAY]);
  const types = new Set();
  for await (const event of stripe.events.list({ limit: 3 })) types.add(event.type);
  for (const type of ["customer.created", "billing.credit_grant.created", "test_helpers.test_clock.created"]) {
    assert.ok(types.has(type), type);
  }
  assert.equal((await stripe.testHelpers.testClocks.del(clock.id)).deleted, true);
  assert.equal((await stripe.customers.retrieve(customer)).deleted, true);
});
