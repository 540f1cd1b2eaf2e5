// Lists longer than a page: every one of them leads on, with its filters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerWith, grants } from './api.js';
import { home, link, withPage } from './browser.js';

const COUNT = 60;

/** The names on all pages of a list, by `Next`. */
async function namesOfAll(page, region) {
  const rows = page.getByRole('region', { name: region, exact: true }).locator('tbody tr');
  const next = page.getByRole('navigation', { name: 'Pages of grants' }).getByRole('button', { name: 'Next' });
  const names = [];
  for (;;) {
    // A list that is still of another filter can not be led on.
    await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
    const first = rows.first().locator('th');
    const before = await first.innerText();
    names.push(...(await rows.locator('th').allInnerTexts()).map((text) => text.split('\n')[0].trim()));
    if (await next.isDisabled()) return names;
    await next.click();
    await page.waitForFunction(
      ([label, was]) => {
        const now = document.querySelector(`[aria-label="${label}"] tbody th`);
        return now !== null && now.innerText !== was;
      },
      [region, before],
    );
  }
}

test('a list leads on to its last row, keeps its filter, and can be gone back through', async () => {
  const id = await customerWith('Longlist Ltd');
  const inputs = Array.from({ length: COUNT }, (_, index) => ({
    name: `Later ${index + 1}`,
    grantAmount: { amount: '10' },
    effectiveAt: new Date(Date.now() + (index + 1) * 86_400_000).toISOString(),
  }));
  await grants(id, inputs);
  await withPage({}, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    await page.goto(`${home}/console/customers/${id}`);
    const list = page.getByRole('region', { name: 'Grants', exact: true }).last();
    const named = (name) => list.getByRole('row').filter({ hasText: new RegExp(`${name}\\D`) });
    await named('Later 60').waitFor();
    await page.getByRole('radiogroup', { name: 'Which grants' }).getByText('Scheduled').click();
    await page.waitForURL(/grants\.view=scheduled/);
    const names = await namesOfAll(page, 'Grants');
    assert.deepEqual(names, inputs.map(({ name }) => name).reverse());
    assert.match(page.url(), /grants\.view=scheduled/);
    // What is seen stands in the address: it survives a reload, and the browser leads back.
    await page.reload();
    await named('Later 1').waitFor();
    await page.goBack();
    await named('Later 35').waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await named('Later 60').waitFor();
    await page.getByRole('radiogroup', { name: 'Which grants' }).getByText('Active').click();
    await named('First').waitFor();
    // All that is scheduled is on the chart's list, beyond one page of grants.
    const ahead = page.getByRole('region', { name: 'Balance over time' });
    await ahead.getByRole('button', { name: `${COUNT - 4} more` }).click();
    assert.equal(await ahead.getByRole('row').count(), COUNT + 1);
  });
});
