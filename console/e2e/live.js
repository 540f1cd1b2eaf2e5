// What others do shows on an open page by itself: the ledger, the balance, the playground.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerWith, drawDown } from './api.js';
import { home, link, runQuery, shot, withPage } from './browser.js';

const USD = '2714e483-4ff1-48e4-9e25-ac732e8f24f2';
const ledger = (page) => page.getByRole('region', { name: 'Ledger' }).getByRole('table');
const following = (page, words) => page.getByRole('status').filter({ hasText: words }).waitFor({ state: 'attached' });

/** The numbers of the entries on the page, as they stand there. */
async function numbers(page) {
  const cells = await ledger(page).getByRole('row').locator('td:first-child').allInnerTexts();
  return cells.map(Number);
}

/** Signs in, and opens the ledger of a customer. */
async function openLedger(page, id) {
  await page.goto(link);
  await page.getByRole('heading', { name: 'Customers' }).waitFor();
  await page.goto(`${home}/console/customers/${id}?tab=ledger`);
  await ledger(page).getByRole('row').nth(1).waitFor();
  // A page that is loaded anew has lost it.
  await page.evaluate(() => {
    globalThis.same = true;
  });
}

test('a drawdown made elsewhere shows on the ledger, the card and the chart without a reload', async () => {
  const id = await customerWith('Live Ltd');
  await withPage({}, async (page) => {
    await openLedger(page, id);
    await following(page, 'New entries show by themselves');
    await drawDown(id, '120.5', 'elsewhere');
    await ledger(page).getByText('elsewhere').waitFor();
    await page.locator('.card', { hasText: '879.5' }).waitFor();
    await page.getByRole('img', { name: /Balance now 879\.5/ }).waitFor();
    await shot(page, 'live');
    await page.getByRole('switch', { name: 'Live' }).click();
    await following(page, 'Paused');
    await drawDown(id, '1', 'while paused');
    await page.getByRole('switch', { name: 'Live' }).click();
    await ledger(page).getByText('while paused').waitFor();
    assert.deepEqual(await numbers(page), [3, 2, 1]);
    assert.ok(await page.evaluate(() => globalThis.same), 'the page was not loaded again');
  });
});

test('what makes no entry shows, too: a hold made elsewhere', async () => {
  const id = await customerWith('Quiet Ltd', '0.5');
  await withPage({}, async (page) => {
    await openLedger(page, id);
    await drawDown(id, '0.25', 'held elsewhere', true);
    await page.locator('.card-part', { hasText: 'Held' }).getByText('0.25').waitFor();
  });
});

test('where no socket comes through, the ledger asks; when one does again, nothing is missed or twice', async () => {
  const id = await customerWith('Flaky Ltd');
  await withPage({}, async (page) => {
    const sockets = [];
    let isBroken = false;
    await page.routeWebSocket('**/graphql', (socket) => {
      if (isBroken) void socket.close({ code: 1001 });
      else sockets.push([socket, socket.connectToServer()]);
    });
    await openLedger(page, id);
    await following(page, 'New entries show by themselves');
    isBroken = true;
    for (const [socket, server] of sockets) {
      await server.close();
      await socket.close({ code: 1001 });
    }
    await following(page, 'No live connection');
    await drawDown(id, '1', 'unheard');
    await ledger(page).getByText('unheard').waitFor();
    isBroken = false;
    await following(page, 'New entries show by themselves');
    for (const reason of ['heard', 'heard too']) await drawDown(id, '2', reason);
    await ledger(page).getByText('heard too').waitFor();
    assert.deepEqual(await numbers(page), [4, 3, 2, 1]);
    assert.ok(await page.evaluate(() => globalThis.same), 'the page was not loaded again');
  });
});

test('the live ledger of the playground shows an entry as it is written', async () => {
  const id = await customerWith('Playground Ltd');
  const query = `subscription Live($customerId: ID!, $creditTypeId: ID!) {
    ledgerEntryAdded(customerId: $customerId, creditTypeId: $creditTypeId, afterSequence: "1") { sequence reason }
  }`;
  const variables = JSON.stringify({ customerId: id, creditTypeId: USD });
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await page.goto(`${home}/graphiql#${new URLSearchParams({ query, variables })}`);
    await runQuery(page, 'ledgerEntryAdded', page.getByRole('button', { name: /Stop query/ }));
    await drawDown(id, '5', 'seen');
    await page.locator('.result-window').getByText('seen').waitFor();
    await shot(page, 'graphiql-live');
  });
});
