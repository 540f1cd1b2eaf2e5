// What holds on every page: the keyboard suffices, amounts keep all their digits, times are the viewer's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { customerWith, drawDown, grants } from './api.js';
import { dialog, field, home, link, withPage } from './browser.js';

/** Goes on by the Tab key until that has the focus. */
async function tabTo(page, locator) {
  for (let steps = 0; steps < 60; steps += 1) {
    if (await locator.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the Tab key does not lead to ${locator}`);
}

test('a customer is found and granted credit with the keyboard alone, and the focus comes back', async () => {
  await customerWith('Keyboard Ltd');
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('row').nth(3).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the page');
    await tabTo(page, page.getByRole('searchbox'));
    await page.keyboard.type('keyboard');
    await page.getByText('1 customer', { exact: true }).waitFor();
    await tabTo(page, page.getByRole('link', { name: 'Keyboard Ltd' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Keyboard Ltd' }).waitFor();
    await page.getByRole('img', { name: /Balance now/ }).waitFor();
    const chart = page.getByRole('group', { name: /^Chart/ });
    await tabTo(page, chart);
    await page.keyboard.press('ArrowLeft');
    await chart.getByRole('status').getByText('USD (cents)').waitFor();
    const opener = page.getByRole('button', { name: 'New grant' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await tabTo(page, field(page, 'Name'));
    await page.keyboard.type('By keys');
    await tabTo(page, field(page, 'Amount'));
    await page.keyboard.type('5');
    await page.keyboard.press('Enter');
    await tabTo(page, dialog(page).getByRole('button', { name: 'Create grant' }));
    await page.keyboard.press('Enter');
    await page.locator('.toast').getByText('Granted By keys').waitFor();
    await dialog(page).waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent === 'New grant');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    // From a menu, it comes back to the button of the menu.
    await page.getByRole('button', { name: 'Actions for By keys' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Edit' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for By keys');
  });
});

test('amounts keep all their digits, and times are those of the viewer with UTC behind them', async () => {
  // As JavaScript numbers, these would lose their ends.
  const id = await customerWith('Digits Ltd', '900719925474.099312');
  await drawDown(id, '0.000001', 'the last digit');
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await page.goto(`${home}/console/customers/${id}?tab=ledger`);
    await page.locator('.card').getByText('900,719,925,474.099311', { exact: true }).waitFor();
    const ledger = page.getByRole('region', { name: 'Ledger' }).getByRole('table');
    await ledger.getByText('900,719,925,474.099312', { exact: true }).waitFor();
    await ledger.getByText('−0.000001', { exact: true }).waitFor();
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const csv = readFileSync(await (await waiting).path(), 'utf8');
    assert.match(csv, /,DEDUCTION,-0\.000001,900719925474\.099311,/);
    const time = ledger.getByRole('time').first();
    const at = new Date(await time.getAttribute('datetime'));
    const shown = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' }).format(at);
    assert.ok((await time.innerText()).endsWith(shown), `${await time.innerText()} is ${shown} in Berlin`);
    assert.match(await time.getAttribute('title'), /^\d{4}-\d\d-\d\d [\d:.]+ UTC$/);
  });
});

test('a form that was typed into is not lost by a slip, and a customer is found by its id', async () => {
  const id = await customerWith('Slip Ltd');
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('searchbox').fill(id);
    await page.getByText('1 customer', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Slip Ltd' }).click();
    await page.getByRole('button', { name: id }).waitFor();
    assert.equal(await page.title(), 'Slip Ltd · Scrip');
    await page.getByRole('button', { name: 'New grant' }).click();
    const name = field(page, 'Name');
    await name.waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('[role="dialog"] input'));
    assert.ok(await name.evaluate((element) => element === document.activeElement), 'the first field has the focus');
    await page.keyboard.type('Typed');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keep editing' }).click();
    await page.getByRole('button', { name: 'Keep editing' }).waitFor({ state: 'detached' });
    assert.equal(await name.inputValue(), 'Typed');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Throw it away' }).click();
    await dialog(page).waitFor({ state: 'detached' });
  });
});

test('the largest balances and the longest names are shown whole on a phone', async () => {
  const long = 'N'.repeat(240);
  const id = await customerWith(`${long} Ltd`, '9223372036854.775806');
  await grants(id, [{ name: long, grantAmount: { amount: '0.000001' } }]);
  await withPage({ width: 390, height: 800 }, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await page.goto(`${home}/console/customers/${id}`);
    await page.locator('.card').getByText('9,223,372,036,854.775807', { exact: true }).waitFor();
    await page.getByRole('row').filter({ hasText: long }).first().waitFor();
    const wide = await page.evaluate(() => ({
      page: document.documentElement.scrollWidth,
      cut: [...document.querySelectorAll('.card, .card *, h1')].filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0).length,
    }));
    assert.deepEqual(wide, { page: 390, cut: 0 });
  });
});
