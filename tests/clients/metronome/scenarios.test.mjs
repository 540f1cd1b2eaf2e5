// The life of credit as a seller's program in Node has it, through Metronome's own library.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import Metronome from "@metronome/sdk";

import { ADMIN_KEY, USD, serve } from "../harness.mjs";

const DAY = 24 * 3600 * 1000;
const hour = Math.floor(Date.now() / 3600_000) * 3600_000;
const at = (days) => new Date(hour + days * DAY).toISOString();

/** Runs a story on a server of its own. */
function story(name, tell) {
  test(name, async () => {
    const server = await serve();
    let failure;
    try {
      const calls = [];
      const connect = (bearerToken) =>
        new Metronome({
          bearerToken,
          baseURL: `${server.url}/metronome`,
          fetch: async (url, init) => {
            calls.push(`${init.method ?? "GET"} ${String(url)}`);
            return fetch(url, init);
          },
        });
      await tell({ server, calls, connect, client: connect(ADMIN_KEY), v1: connect(ADMIN_KEY).v1 });
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

const grantOf = (customer_id, amount, more = {}) => ({
  customer_id,
  name: "Grant",
  grant_amount: { amount, credit_type_id: USD },
  paid_amount: { amount: 0, credit_type_id: USD },
  priority: 1,
  effective_at: at(-1),
  expires_at: at(30),
  ...more,
});

async function spend(server, customerId, amount, more = {}) {
  const input = { customerId, amount, idempotencyKey: randomUUID(), ...more };
  await server.mutate("drawDown", "drawdown { id }", input);
}

story("a grant is made, spent, listed, edited and voided", async ({ server, v1 }) => {
  const customer = (await v1.customers.create({ name: "Acme", ingest_aliases: ["acme"] })).data;
  assert.equal(customer.external_id, "acme");
  const made = await v1.creditGrants.create(grantOf(customer.id, 1000, { uniqueness_key: "w" }));
  const grant = made.data.id;
  const invoiceId = randomUUID();
  await spend(server, customer.id, "250.5", { invoiceId });
  await spend(server, customer.id, "100", { hold: true });

  const [listed] = (await v1.creditGrants.list({ credit_grant_ids: [grant] })).data;
  assert.equal(listed.balance.excluding_pending, 749.5);
  assert.equal(listed.balance.including_pending, 649.5);
  assert.deepEqual(listed.deductions.map((entry) => [entry.running_balance, entry.invoice_id]), [
    [749.5, invoiceId],
  ]);
  const [entries] = (await v1.creditGrants.listEntries({ customer_ids: [customer.id] })).data;
  assert.deepEqual(entries.ledgers[0].entries.map((entry) => entry.running_balance), [1000, 749.5]);

  await v1.creditGrants.edit({ id: grant, name: "Renamed", expires_at: at(60) });
  const [edited] = (await v1.creditGrants.list({ customer_ids: [customer.id] })).data;
  assert.equal(edited.name, "Renamed");
  assert.equal(Date.parse(edited.expires_at), hour + 60 * DAY);

  const unused = (await v1.creditGrants.create(grantOf(customer.id, 5))).data.id;
  await v1.creditGrants.void({ id: unused });
  const left = (await v1.creditGrants.list({ customer_ids: [customer.id] })).data;
  assert.deepEqual(left.map(({ id }) => id), [grant]);
});

story("a credit is made, spent, corrected, edited and ended", async ({ server, client, v1 }) => {
  const customer_id = (await v1.customers.create({ name: "Acme" })).data.id;
  const product_id = (await v1.contracts.products.create({ name: "Credits", type: "FIXED" })).data.id;
  const credit_id = (
    await v1.customers.credits.create({
      customer_id,
      product_id,
      priority: 1,
      access_schedule: {
        schedule_items: [{ amount: 500, starting_at: at(-1), ending_before: at(9) }],
      },
    })
  ).data.id;
  const show = async (more = {}) => {
    const asked = { customer_id, credit_id, include_balance: true, include_ledgers: true, ...more };
    return (await v1.customers.credits.list(asked)).data[0];
  };
  await spend(server, customer_id, "63.25");
  const [{ id: segment_id }] = (await show()).access_schedule.schedule_items;
  // Replies without a body: the library must not trip over them.
  const entry = { id: credit_id, customer_id, segment_id, amount: -36.75, reason: "correction" };
  assert.ok(!(await v1.contracts.addManualBalanceEntry(entry)));
  let shown = await show();
  assert.equal(shown.balance, 400);
  // A manual entry is dated at the start of its segment unless it says otherwise.
  assert.deepEqual(shown.ledger.map(({ type, amount }) => [type, amount]), [
    ["CREDIT_SEGMENT_START", 500],
    ["CREDIT_MANUAL", -36.75],
    ["CREDIT_AUTOMATED_INVOICE_DEDUCTION", -63.25],
  ]);
  await client.v2.contracts.editCredit({ customer_id, credit_id, name: "edited", priority: 9 });
  shown = await show();
  assert.deepEqual([shown.name, shown.priority], ["edited", 9]);
  await spend(server, customer_id, "150", { hold: true });
  const net = await v1.contracts.getNetBalance({ customer_id });
  assert.deepEqual([net.data.balance, net.data.credit_type_id], [250, USD]);
  const final = await v1.contracts.getNetBalance({ customer_id, invoice_inclusion_mode: "FINALIZED" });
  assert.equal(final.data.balance, 400);
  const [balance] = (await v1.contracts.listBalances({ customer_id, include_balance: true })).data;
  assert.deepEqual([balance.id, balance.type], [credit_id, "CREDIT"]);
  const update = { customer_id, credit_id, access_ending_before: at(5) };
  await v1.customers.credits.updateEndDate(update);
  assert.equal(Date.parse((await show()).access_schedule.schedule_items[0].ending_before), hour + 5 * DAY);
});

story("lists go over three pages", async ({ v1, calls }) => {
  const customer_id = (await v1.customers.create({ name: "Acme" })).data.id;
  const product_id = (await v1.contracts.products.create({ name: "Credits", type: "FIXED" })).data.id;
  const [grants, credits] = [[], []];
  for (let amount = 1; amount <= 5; amount += 1) {
    grants.push((await v1.creditGrants.create(grantOf(customer_id, amount))).data.id);
    const schedule_items = [{ amount, starting_at: at(-1), ending_before: at(9) }];
    const given = { customer_id, product_id, priority: 1, access_schedule: { schedule_items } };
    credits.push((await v1.customers.credits.create(given)).data.id);
  }
  for (const [list, made] of [
    [() => v1.creditGrants.list({ customer_ids: [customer_id], limit: 2 }), grants],
    [() => v1.customers.credits.list({ customer_id, limit: 2 }), credits],
    [() => v1.contracts.listBalances({ customer_id, limit: 2 }), credits],
  ]) {
    calls.length = 0;
    const seen = [];
    for await (const item of list()) seen.push(item.id);
    assert.deepEqual([...seen].sort(), [...made].sort());
    assert.equal(calls.length, 3);
  }
});

story("each error is raised as its class", async ({ v1, client, connect, calls }) => {
  const nobody = "0b1c2d3e-0000-4000-8000-000000000001";
  const raised = async (kind, status, call) => {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
      assert.equal(error.status, status);
      assert.ok(error.error.message, JSON.stringify(error.error));
      return true;
    });
  };
  const customer_id = (await v1.customers.create({ name: "Acme" })).data.id;
  await raised(Metronome.AuthenticationError, 401, () => connect("nobody").v1.customers.create({ name: "x" }));
  await raised(Metronome.BadRequestError, 400, () => v1.creditGrants.create(grantOf(customer_id, -1)));
  await raised(Metronome.NotFoundError, 404, () => v1.customers.retrieve({ customer_id: nobody }));
  await raised(Metronome.NotFoundError, 404, () => client.post("/_stainless_unknown_path"));
  await raised(Metronome.NotFoundError, 404, () => client.get("/_stainless_unknown_path"));
  await raised(Metronome.BadRequestError, 400, () =>
    client.v2.contracts.editCredit({ customer_id: nobody, credit_id: nobody }),
  );
  await v1.creditGrants.create(grantOf(customer_id, 1, { uniqueness_key: "once" }));
  calls.length = 0;
  await raised(Metronome.ConflictError, 409, () =>
    v1.creditGrants.create(grantOf(customer_id, 1, { uniqueness_key: "once" })),
  );
  assert.equal(calls.length, 1);
});
