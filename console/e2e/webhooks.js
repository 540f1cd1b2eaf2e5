// Webhooks from the first to the last of what an admin does with one, against a receiver of our own.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { api } from './api.js';
import { accessible, dialog, field, link, review, shot, withPage } from './browser.js';

/** A receiver that answers as it is bid, and keeps what it was told. */
async function receiver() {
  const told = [];
  const state = { answer: 500 };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      told.push({ id: request.headers['webhook-id'], type: JSON.parse(body).type, answer: state.answer });
      response.writeHead(state.answer).end();
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { told, state, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() };
}

const table = (page, name) => page.getByRole('region', { name, exact: true });

async function pick(page, url, deed) {
  await page.getByRole('button', { name: `Actions for ${url}` }).click();
  await page.getByRole('menuitem', { name: deed, exact: true }).click();
}

async function confirm(page, button, done) {
  await review(page);
  await dialog(page).getByText('Nothing has been written yet').waitFor();
  await dialog(page).getByRole('button', { name: button }).click();
  await page.locator('.toast').getByText(done).waitFor();
}

/** The secret that is shown this once. */
async function secretOf(page) {
  const shown = page.getByRole('dialog', { name: 'The secret' });
  const secret = await shown.locator('code').innerText();
  assert.match(secret, /^whsec_/);
  await shown.getByRole('button', { name: 'Done' }).click();
  await shown.waitFor({ state: 'detached' });
  return secret;
}

test('a webhook is made, what it gave up is replayed, its secret is rotated, it is switched off and deleted', async () => {
  const there = await receiver();
  try {
    await withPage({}, async (page) => {
      await page.goto(link);
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Webhooks' }).click();
      await page.getByText('No webhooks').waitFor();
      await accessible(page, 'no webhooks');
      const secret = await webhookIsMade(page, there.url);
      await givenUpIsReplayed(page, there);
      await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'Webhooks' }).click();
      await pick(page, there.url, 'Rotate secret');
      await confirm(page, 'Rotate secret', 'Rotated the secret');
      assert.notEqual(await secretOf(page), secret);
      await pick(page, there.url, 'Edit');
      await dialog(page).getByLabel('Enabled').uncheck();
      await confirm(page, 'Save changes', 'Changed the webhook');
      await table(page, 'Webhooks').getByText('Off', { exact: true }).waitFor();
      await accessible(page, 'webhooks');
      await shot(page, 'webhooks');
      await pick(page, there.url, 'Delete');
      await confirm(page, 'Delete webhook', 'Deleted the webhook');
      await page.getByText('No webhooks').waitFor();
    });
  } finally {
    there.close();
  }
});

async function webhookIsMade(page, url) {
  await page.getByRole('button', { name: 'New webhook' }).click();
  await field(page, 'URL').fill('not an address');
  await review(page);
  await dialog(page).getByRole('button', { name: 'Create webhook' }).click();
  // What the server says of it stands at the field.
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true');
  await accessible(page, 'a refused webhook');
  await field(page, 'URL').fill(url);
  await field(page, 'Events').fill('customer.created');
  await page.keyboard.press('Enter');
  await field(page, 'Description').fill('to be tried');
  await shot(page, 'webhook');
  await confirm(page, 'Create webhook', 'Created the webhook');
  const secret = await secretOf(page);
  await table(page, 'Webhooks').getByText('customer.created').waitFor();
  return secret;
}

async function givenUpIsReplayed(page, there) {
  const create = `mutation ($input: CreateCustomerInput!) {
    createCustomer(input: $input) { customer { id } userErrors { message } }
  }`;
  await api(create, { input: { name: 'Hooked Ltd' } });
  await page.getByRole('link', { name: there.url }).click();
  const list = table(page, 'Deliveries');
  // The page looks again by itself as long as something is pending.
  await list.getByText('Given up').waitFor();
  await page.getByLabel('Status').selectOption({ label: 'Given up' });
  await list.getByText('Hooked Ltd').waitFor();
  await accessible(page, 'deliveries');
  await shot(page, 'deliveries');
  there.state.answer = 200;
  await page.getByRole('button', { name: /^Replay customer\.created/ }).click();
  await confirm(page, 'Replay', 'It will be told once more');
  await page.getByLabel('Status').selectOption({ label: 'All' });
  await list.getByText('Delivered').waitFor();
  assert.deepEqual(new Set(there.told.map(({ type }) => type)), new Set(['customer.created']));
  assert.equal(new Set(there.told.map(({ id }) => id)).size, 1, 'one id in every attempt');
  assert.equal(there.told.at(-1).answer, 200);
}
