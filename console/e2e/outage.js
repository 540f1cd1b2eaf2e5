// A server that is away for a while: what is shown and typed stays, and nothing is done twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerWith } from './api.js';
import { dialog, field, home, link, review, withPage } from './browser.js';

const AWAY = { expects: ['Failed to load resource', 'WebSocket connection'] };
const grants = (page) => page.getByRole('region', { name: 'Grants', exact: true }).last();

/** Opens the page of a customer, and says what becomes of a request: it goes on, is lost, or its answer is. */
async function openCustomer(page, id) {
  const fate = { of: () => 'goes on' };
  await page.route('**/graphql', async (route) => {
    const body = route.request().postData() ?? '';
    const what = fate.of(body);
    if (what === 'is lost') return route.abort();
    if (what === 'answer is lost') {
      await route.fetch();
      return route.abort();
    }
    return route.continue();
  });
  await page.goto(link);
  await page.getByRole('heading', { name: 'Customers' }).waitFor();
  await page.goto(`${home}/console/customers/${id}`);
  await grants(page).getByText('First').waitFor();
  return fate;
}

async function fillGrant(page, name) {
  await page.getByRole('button', { name: 'New grant' }).click();
  await field(page, 'Name').fill(name);
  await field(page, 'Amount').fill('1,500.5');
}

test('where the server is away the page and an open form stay, and both go on when it is back', async () => {
  const id = await customerWith('Outage Ltd');
  await withPage(AWAY, async (page) => {
    const fate = await openCustomer(page, id);
    await fillGrant(page, 'Typed');
    fate.of = () => 'is lost';
    await page.getByText('This could not be refreshed').first().waitFor();
    assert.equal(await page.getByText('This could not be loaded').count(), 0);
    assert.equal(await field(page, 'Name').inputValue(), 'Typed');
    await grants(page).getByText('First').waitFor();
    fate.of = () => 'goes on';
    await page.getByText('This could not be refreshed').first().waitFor({ state: 'detached' });
    assert.equal(await field(page, 'Name').inputValue(), 'Typed');
  });
});

test('a grant whose answer was lost is made once, and another request is told apart', async () => {
  const id = await customerWith('Lost Ltd');
  await withPage(AWAY, async (page) => {
    const fate = await openCustomer(page, id);
    await fillGrant(page, 'Once');
    await review(page);
    fate.of = (body) => (body.includes('mutation') ? 'answer is lost' : 'is lost');
    const create = dialog(page).getByRole('button', { name: 'Create grant' });
    await create.click();
    await dialog(page).getByText('It is not known whether this was carried out').waitFor();
    assert.equal(await dialog(page).getByText('Nothing has been written yet').count(), 0);
    // Changed, it is another request, and said to be.
    await dialog(page).getByRole('button', { name: 'Back' }).click();
    await field(page, 'Name').fill('Twice');
    await review(page);
    await dialog(page).getByText('This is another request').waitFor();
    // As it was, it is the same.
    await dialog(page).getByRole('button', { name: 'Back' }).click();
    await field(page, 'Name').fill('Once');
    await review(page);
    await dialog(page).getByText('Trying again is safe').waitFor();
    fate.of = () => 'goes on';
    await create.click();
    await page.locator('.toast').getByText('Granted Once').waitFor();
    await page.locator('.card', { hasText: '2,500.5' }).waitFor();
    await grants(page).getByRole('row').filter({ hasText: 'Once' }).waitFor();
    assert.equal(await grants(page).getByRole('row').filter({ hasText: 'Once' }).count(), 1);
  });
});

test('a key whose text was lost is told so', async () => {
  await withPage(AWAY, async (page) => {
    let isLost = true;
    await page.goto(link);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Keys' }).click();
    await page.route('**/graphql', async (route) => {
      if (!isLost || !(route.request().postData() ?? '').includes('mutation')) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await page.getByRole('button', { name: 'New key' }).click();
    await field(page, 'Name').fill('lost key');
    await review(page);
    await dialog(page).getByRole('button', { name: 'Create key' }).click();
    await dialog(page).getByText('It is not known whether').waitFor();
    isLost = false;
    await dialog(page).getByRole('button', { name: 'Create key' }).click();
    const made = page.getByRole('dialog', { name: 'The key' });
    await made.getByText('Revoke this key and make another').waitFor();
    await made.getByRole('button', { name: 'Done' }).click();
  });
});
