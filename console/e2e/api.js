// What happens elsewhere while a page is open: the public API, asked as anyone asks it.
import assert from 'node:assert/strict';
import { home, link } from './browser.js';

const adminKey = new URL(link).hash.replace('#key=', '');

/** Carries out one operation as admin, and fails on anything that was refused. */
export async function api(query, variables = {}) {
  const answer = await fetch(`${home}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  const refused = Object.values(data).flatMap((payload) => payload?.userErrors ?? []);
  assert.deepEqual(refused, []);
  return data;
}

/** A customer with 1,000 US cents, and nothing else. */
export async function customerWith(name, amount = '1000') {
  const create = `mutation ($input: CreateCustomerInput!) {
    createCustomer(input: $input) { customer { id } userErrors { message } }
  }`;
  const { createCustomer } = await api(create, { input: { name } });
  const { id } = createCustomer.customer;
  await grants(id, [{ name: 'First', grantAmount: { amount } }]);
  return id;
}

/** Grants, in the order given. */
export async function grants(customerId, inputs) {
  const create = `mutation ($input: CreateCreditGrantInput!) {
    createCreditGrant(input: $input) { creditGrant { id } userErrors { message } }
  }`;
  for (const input of inputs) await api(create, { input: { customerId, ...input } });
}

/** Takes from the customer's US cents, or holds them. */
export async function drawDown(customerId, amount, reason, hold = false) {
  const draw = `mutation ($input: DrawDownInput!) {
    drawDown(input: $input) { drawdown { id } userErrors { message } }
  }`;
  const idempotencyKey = `e2e-${customerId}-${reason}`;
  await api(draw, { input: { customerId, amount, reason, hold, idempotencyKey } });
}
