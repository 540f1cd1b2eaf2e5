// What support does with credits, grants and holds, each by its form, with what it says before it writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerWith } from './api.js';
import { accessible, dialog, field, home, link, review, shot, withPage } from './browser.js';

const region = (page, name) => page.getByRole('region', { name, exact: true });
const row = (page, table, text) => region(page, table).last().getByRole('row').filter({ hasText: text });

/** The page of a customer, once the chart is there: it moves all below it, and what was clicked just then is missed. */
async function openCustomer(page, id) {
  await page.goto(link);
  await page.getByRole('heading', { name: 'Customers' }).waitFor();
  await page.goto(`${home}/console/customers/${id}`);
  await row(page, 'Grants', 'First').waitFor();
  await page.getByRole('region', { name: 'Balance over time' }).getByText('by time alone').waitFor();
}

async function pick(page, name, deed) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: deed, exact: true }).click();
}

/** Reads what will happen, then carries it out. */
async function confirm(page, button, done, ...consequences) {
  await review(page);
  const said = dialog(page).locator('.consequences').first();
  for (const words of consequences) await said.getByText(words).first().waitFor();
  await dialog(page).getByRole('button', { name: button }).click();
  await page.locator('.toast').getByText(done).waitFor();
  await dialog(page).waitFor({ state: 'detached' });
}

test('a credit gets a schedule, is edited and ended; a grant gets a manual entry; a hold is released', async () => {
  const id = await customerWith('Actions Ltd');
  await withPage({}, async (page) => {
    await openCustomer(page, id);
    await creditIsMadeMonthByMonth(page);
    await creditIsEdited(page);
    await creditIsEnded(page);
    await grantIsCorrectedByHand(page);
    await grantIsEdited(page);
    await holdIsReleased(page);
    await drawdownIsReversed(page);
  });
});

test('a form that waits for an answer is not reviewed before it is there', async () => {
  const id = await customerWith('Waiting Ltd');
  await withPage({}, async (page) => {
    await openCustomer(page, id);
    // Which segment is meant is asked when the form opens; here the answer is long on its way.
    let letGo;
    const held = new Promise((go) => {
      letGo = go;
    });
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('query GrantUse')) await held;
      await route.continue();
    });
    await pick(page, 'First', 'Add a manual entry');
    await field(page, 'Amount').fill('-0.5');
    await field(page, 'Reason').fill('while waiting');
    const button = dialog(page).getByRole('button', { name: 'Review' });
    assert.equal(await button.isDisabled(), true);
    await field(page, 'Amount').press('Enter');
    assert.equal(await dialog(page).locator('.consequences').count(), 0);
    letGo();
    await confirm(page, 'Add entry', 'Added the entry', '999.5');
  });
});

async function creditIsMadeMonthByMonth(page) {
  await page.getByRole('button', { name: 'New credit' }).click();
  await field(page, 'Name').fill('Monthly');
  const first = dialog(page).getByRole('group', { name: 'Segment 1' });
  await first.getByLabel(/^Amount/).fill('100.25');
  await first.getByLabel(/^Starts/).fill('2020-01-01T00:00');
  await first.getByLabel(/^Ends/).fill('2090-01-01T00:00');
  await dialog(page).getByLabel(/^Repeat the last monthly/).fill('2');
  await dialog(page).getByRole('button', { name: 'Repeat' }).click();
  const third = dialog(page).getByRole('group', { name: 'Segment 3' });
  await third.getByLabel(/^Starts/).fill('2091-01-01T00:00');
  await third.getByLabel(/^Ends/).fill('2090-06-01T00:00');
  await shot(page, 'schedule');
  await accessible(page, 'the schedule editor');
  await review(page);
  // What is wrong with the third segment stands at its end, and the focus with it.
  const end = third.getByLabel(/^Ends/);
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true');
  assert.equal(await end.getAttribute('aria-invalid'), 'true');
  await end.fill('2092-01-01T00:00');
  await confirm(page, 'Create credit', 'Created the credit', '300.75 USD (cents)');
  await row(page, 'Credits', 'Monthly').getByText('3 segments').click();
  assert.equal(await row(page, 'Credits', /^Segment/).count(), 3);
}

async function creditIsEdited(page) {
  await pick(page, 'Monthly', 'Edit');
  await dialog(page).getByRole('group', { name: 'Segment 1' }).getByLabel(/^Amount/).fill('150.25');
  await dialog(page).getByRole('button', { name: 'Remove segment 3' }).click();
  await confirm(page, 'Save changes', 'Changed the credit', '100.25 → 150.25', 'is removed');
  await row(page, 'Credits', 'Monthly').getByText('250.5', { exact: false }).first().waitFor();
}

async function creditIsEnded(page) {
  await pick(page, 'Monthly', 'End');
  await confirm(page, 'End credit', 'Ended Monthly', 'ends');
  await row(page, 'Credits', 'Monthly').getByText('Ended').waitFor();
}

async function grantIsCorrectedByHand(page) {
  await pick(page, 'First', 'Add a manual entry');
  await field(page, 'Amount').fill('-0.5');
  await field(page, 'Reason').fill('agreed by phone');
  await confirm(page, 'Add entry', 'Added the entry', '999.5');
  await row(page, 'Grants', 'First').getByText('999.5').waitFor();
}

async function grantIsEdited(page) {
  await pick(page, 'First', 'Edit');
  await field(page, 'Name').fill('First and last');
  await confirm(page, 'Save changes', 'Changed First and last', 'First and last');
  await row(page, 'Grants', 'First and last').waitFor();
}

async function holdIsReleased(page) {
  await page.getByRole('button', { name: 'Draw down' }).click();
  await field(page, 'Amount').fill('10');
  await dialog(page).getByLabel('Hold only').check();
  await confirm(page, 'Hold', 'Held', '10 USD (cents)');
  await page.getByRole('tab', { name: 'Drawdowns and holds' }).click();
  await row(page, 'Drawdowns and holds', 'lapses').getByRole('button', { name: 'Release' }).click();
  await confirm(page, 'Release hold', 'Released the hold', 'are held no longer');
  // Not the row of headings, which has a column of that name.
  await region(page, 'Drawdowns and holds').last().getByRole('cell', { name: 'Released', exact: true }).waitFor();
}

async function drawdownIsReversed(page) {
  await page.getByRole('button', { name: 'Draw down' }).click();
  await field(page, 'Amount').fill('20');
  await confirm(page, 'Draw down', 'Drawn down', '20 USD (cents)');
  await page.getByRole('button', { name: 'Reverse' }).first().click();
  await field(page, 'Amount').fill('5');
  await confirm(page, 'Reverse drawdown', 'Reversed the drawdown', 'go back to where they came from');
  await page.locator('.card', { hasText: '984.5' }).waitFor();
}
