// The console in a browser, against a real server with demo data. Run by tests/it/console.rs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import './lists.js';
import './live.js';
import './actions.js';
import './outage.js';
import './quality.js';
import './verification.js';
import './webhooks.js';
import { accessible, dialog, field, find, home, link, readerKey, review, runQuery, shot, withPage } from './browser.js';

const CUSTOMER = 'Echo Valley Podcasts';
const card = (page, unit) => page.locator('.card', { hasText: unit });
const grantRow = (page, name) =>
  page.getByRole('region', { name: 'Grants' }).getByRole('row').filter({ hasText: name });

/** In a field of the browser's own kind: local time to the minute. */
function inDays(days) {
  const at = new Date(Date.now() + days * 86_400_000);
  return `${at.toLocaleDateString('sv', { timeZone: 'Europe/Berlin' })}T12:00`;
}

test('the link signs in, the key leaves the address, and the first page is small', async () => {
  await withPage({}, async (page) => {
    const files = [];
    page.on('response', (response) => files.push(response));
    await page.goto(link);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await page.getByRole('row').nth(3).waitFor();
    assert.equal(page.url(), `${home}/`);
    let bytes = 0;
    for (const response of files.filter((one) => !one.url().endsWith('/graphql'))) {
      assert.ok(!/graphiql|monaco|worker/.test(response.url()), `loaded ${response.url()}`);
      bytes += (await response.request().sizes()).responseBodySize;
    }
    console.log(`the first page is ${Math.round(bytes / 1000)} kB`);
    assert.ok(bytes > 50_000 && bytes < 300_000, `${bytes} bytes`);
    await accessible(page, 'customers');
    await shot(page, 'customers');
    await page.reload();
    await page.getByRole('row').nth(3).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Key', { exact: true }).waitFor();
    await accessible(page, 'the sign-in form');
  });
});

test('a key that is not accepted is told so, one that is signs in', async () => {
  await withPage({ expects: ['401'] }, async (page) => {
    await page.goto(`${home}/console/events`);
    await page.getByLabel('Key', { exact: true }).fill('scrip_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This key is not accepted').waitFor();
    await page.getByLabel('Key', { exact: true }).fill(new URL(link).hash.replace('#key=', ''));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
  });
});

test('a grant is made once, spent by preview, voided, and all of it stands in the books', async () => {
  await withPage({}, async (page) => {
    await page.goto(link);
    await find(page, 'echo', CUSTOMER);
    await grantIsRefusedAtTheField(page);
    await grantIsMadeOnce(page);
    await drawdownIsPreviewed(page);
    await voidSaysWhatIsWrittenOff(page);
    await ledgerTellsIt(page);
    await accessible(page, 'the ledger');
  });
});

async function grantIsRefusedAtTheField(page) {
  await page.getByRole('button', { name: 'New grant' }).click();
  await field(page, 'Name').fill('Tested grant');
  await field(page, 'Amount').fill('a lot');
  await review(page);
  const amount = field(page, 'Amount');
  await dialog(page).getByText('must be a number such as 1000 or 12.5').waitFor();
  assert.equal(await amount.getAttribute('aria-invalid'), 'true');
  // A comma is no decimal point, and never dropped in silence.
  for (const wrong of ['1,5', '1,00', '1,2,3', '1.000,50', '0,500', '1,500,']) {
    await amount.fill(wrong);
    await review(page);
    await dialog(page).getByText('a comma that is not between groups of three digits').waitFor();
  }
  await amount.fill('0');
  await review(page);
  await dialog(page).getByText('must be above zero').waitFor();
  await amount.fill('100,000');
  await field(page, 'Expires').fill('2020-01-01T00:00');
  await review(page);
  await dialog(page).getByText(/must be after the start/).waitFor();
  // What only the server knows comes back to its field, too.
  await field(page, 'Expires').fill(inDays(40));
  const name = field(page, 'Name');
  await name.fill('x'.repeat(256));
  await review(page);
  await dialog(page).getByRole('button', { name: 'Create grant' }).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true');
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  assert.ok(await name.evaluate((field) => field === document.activeElement), 'it has the focus');
  await shot(page, 'refused');
  await accessible(page, 'a refused form');
}

async function grantIsMadeOnce(page) {
  await field(page, 'Name').fill('Tested grant');
  await review(page);
  await dialog(page).getByText('What will happen').waitFor();
  await dialog(page).getByText('180,000 Tokens').waitFor();
  await shot(page, 'grant');
  await dialog(page).getByRole('button', { name: 'Create grant' }).dblclick();
  await page.getByText('Granted Tested grant').waitFor();
  await card(page, 'Tokens').getByText('180,000').waitFor();
  await grantRow(page, 'Tested grant').waitFor();
  assert.equal(await grantRow(page, 'Tested grant').count(), 1);
  // On the chart: what is now, and that it will expire.
  await page.getByRole('img', { name: /Balance now 180,000 Tokens/ }).waitFor();
  const ahead = page.getByRole('region', { name: 'What is scheduled' });
  const expiry = ahead.getByRole('row').filter({ hasText: 'Tested grant' });
  assert.match(await expiry.innerText(), /expires[\s\S]*100,000/);
  await accessible(page, 'the customer');
  await shot(page, 'customer', { fullPage: true });
}

async function drawdownIsPreviewed(page) {
  await page.getByRole('button', { name: 'Draw down' }).click();
  await field(page, 'Amount').fill('90,000');
  await field(page, 'Reason').fill('a test');
  await review(page);
  const plan = dialog(page).getByRole('region', { name: /Which segments pay/ });
  await plan.getByText('Pays', { exact: true }).first().waitFor();
  await dialog(page).getByText('90,000 Tokens', { exact: true }).first().waitFor();
  await plan.getByText('Is over').first().waitFor();
  await shot(page, 'preview');
  await accessible(page, 'a preview');
  await dialog(page).getByRole('button', { name: 'Draw down' }).click();
  await page.getByText('Drawn down').waitFor();
  await page.getByRole('img', { name: /Balance now 90,000 Tokens/ }).waitFor();
  // All of it is told before anything else is clicked: what is told later moves what is below.
  const ahead = page.getByRole('region', { name: 'What is scheduled' });
  await ahead.getByRole('row').filter({ hasText: 'Tested grant' }).getByText('90,000').waitFor();
  await grantRow(page, 'Tested grant').getByText('90,000').waitFor();
}

async function voidSaysWhatIsWrittenOff(page) {
  await page.getByRole('button', { name: 'Actions for Tested grant' }).click();
  await page.getByRole('menuitem', { name: 'Void' }).click();
  const remainder = dialog(page).getByLabel('Void only what is left');
  const left = (await grantRow(page, 'Tested grant').locator('.remaining .amount').innerText()).trim();
  if (left !== '100,000') await remainder.check();
  await field(page, 'Reason').fill('only a test');
  await review(page);
  await dialog(page).getByText(`${left} Tokens`).first().waitFor();
  await dialog(page).getByText('will be written off').waitFor();
  await shot(page, 'void');
  await dialog(page).getByRole('button', { name: 'Void grant' }).click();
  await page.getByText('Voided Tested grant').waitFor();
  await grantRow(page, 'Tested grant').getByText('Voided').waitFor();
}

async function ledgerTellsIt(page) {
  await page.getByRole('tab', { name: 'Ledger' }).click();
  const ledger = page.getByRole('region', { name: 'Ledger' }).getByRole('table');
  await ledger.getByText('only a test').waitFor();
  const first = await ledger.getByRole('row').nth(1).innerText();
  assert.match(first, /Void/);
  assert.match(await ledger.innerText(), /a test/);
  await shot(page, 'ledger');
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const csv = readFileSync(await (await waiting).path(), 'utf8').trim().split('\r\n');
  assert.match(csv[0], /^sequence,credit_type,kind,amount,running_balance,effective_at/);
  assert.match(csv.at(-1), /,VOID,-\d+,\d+,\d{4}-\d\d-\d\dT[\d:.]+Z,/);
  assert.equal(csv.length - 1, Number(csv.at(-1).split(',')[0]), 'every entry of the account');
}

test('a reader sees everything and no button that writes', async () => {
  await withPage({}, async (page) => {
    await page.goto(`${home}/#key=${readerKey}`);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await find(page, 'harbor', 'Harbor Analytics');
    await page.getByRole('region', { name: 'Grants' }).getByRole('row').nth(1).waitFor();
    const words = await page.getByRole('button').allInnerTexts();
    const writing = words.filter((word) => /new|draw down|^more|actions|edit|void|•••/i.test(word));
    assert.deepEqual(writing, []);
    await shot(page, 'reader');
  });
});

test('a link for a customer shows that customer alone, and nothing to write', async () => {
  let given = '';
  await withPage({}, async (page) => {
    await page.goto(link);
    await find(page, 'harbor', 'Harbor Analytics');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Link for the customer' }).click();
    await review(page);
    await dialog(page).getByRole('button', { name: 'Make link' }).click();
    const text = page.getByRole('dialog', { name: 'The link' }).locator('code');
    given = await text.innerText();
  });
  assert.ok(given.startsWith(`${home}/#key=`), given);
  await withPage({}, async (page) => {
    await page.goto(given);
    await page.getByRole('heading', { level: 1, name: 'Harbor Analytics' }).waitFor();
    await page.getByRole('img', { name: /Balance now/ }).waitFor();
    await page.getByRole('region', { name: 'Grants' }).getByRole('row').nth(1).waitFor();
    assert.equal(await page.getByRole('navigation', { name: 'Pages' }).count(), 0);
    assert.equal(await page.getByRole('button', { name: /New|Draw down|More|Actions/ }).count(), 0);
    await page.getByRole('tab', { name: 'Ledger' }).click();
    await page.getByRole('region', { name: 'Ledger' }).getByRole('row').nth(1).waitFor();
    // A customer's own token follows its own ledger.
    const following = page.getByRole('status').filter({ hasText: 'New entries show by themselves' });
    await following.waitFor({ state: 'attached' });
    await page.getByRole('tab', { name: 'Drawdowns and holds' }).click();
    await page.getByRole('region', { name: 'Drawdowns and holds' }).getByRole('row').nth(1).waitFor();
    await accessible(page, 'what a customer sees');
    await shot(page, 'customer-token');
  });
});

test('an admin makes a key, whose text is shown once, and revokes it', async () => {
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    await field(page, 'Name').fill('tested key');
    await review(page);
    await dialog(page).getByRole('button', { name: 'Create key' }).click();
    const made = page.getByRole('dialog', { name: 'The key' });
    assert.match(await made.locator('code').innerText(), /^scrip_/);
    await shot(page, 'key');
    await made.getByRole('button', { name: 'Done' }).click();
    await accessible(page, 'keys');
    await page.getByRole('button', { name: 'Revoke tested key' }).click();
    await review(page);
    await dialog(page).getByRole('button', { name: 'Revoke key' }).click();
    await page.getByText('Revoked tested key').waitFor();
    await page.getByRole('button', { name: 'Revoke tested key' }).waitFor({ state: 'detached' });
  });
});

test('on a phone, in the dark, nothing is wider than the screen', async () => {
  await withPage({ width: 375, height: 740, colorScheme: 'dark' }, async (page) => {
    await page.goto(link);
    await page.getByRole('row').nth(3).waitFor();
    await fits(page);
    await find(page, 'harbor', 'Harbor Analytics');
    await page.getByRole('img', { name: /Balance now/ }).waitFor();
    await fits(page);
    await accessible(page, 'the customer, dark');
    await shot(page, 'phone', { fullPage: true });
    await page.getByRole('button', { name: 'New grant' }).click();
    await field(page, 'Name').waitFor();
    await fits(page);
    await accessible(page, 'a form, dark');
    await shot(page, 'phone-form');
  });
});

async function fits(page) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 375, `${width} pixels wide`);
}

test('all other pages load and are accessible', async () => {
  await withPage({ width: 1200, height: 900 }, async (page) => {
    await page.goto(link);
    await find(page, 'harbor', 'Harbor Analytics');
    await page.getByRole('img', { name: /Balance now/ }).waitFor();
    await page.getByRole('region', { name: 'Grants' }).getByRole('row').nth(1).waitFor();
    // The picture of the README.
    await shot(page, 'harbor-analytics');
    for (const name of ['Grants', 'Credits', 'Events']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      await page.getByRole('row').nth(3).waitFor();
      await accessible(page, name);
      await shot(page, name.toLowerCase());
    }
  });
});

test('GraphiQL opens signed in, with examples that run, and without another host', async () => {
  await withPage({}, async (page) => {
    await page.goto(link.replace('/#', '/graphiql#'));
    await page.getByRole('tab', { name: 'Lookup' }).waitFor({ timeout: 60_000 });
    assert.equal(page.url(), `${home}/graphiql`);
    const tabs = await page.locator('.graphiql-tab').allInnerTexts();
    assert.deepEqual(tabs.map((tab) => tab.trim()).filter((tab) => tab !== ''), ['Lookup', 'Grant', 'Preview', 'Void', 'Live']);
    await runQuery(page, 'creditGrants', page.locator('.result-window').getByText('Harbor Analytics'));
    await shot(page, 'graphiql');
    // The preview is about the same customer without anything having to be filled in.
    await page.getByRole('tab', { name: 'Preview' }).click();
    const choice = page.getByRole('menuitem', { name: 'Preview' });
    await runQuery(page, 'previewDrawdown', choice);
    await choice.click();
    await page.locator('.result-window').getByText('candidates').waitFor();
  });
});
