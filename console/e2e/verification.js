// Whether the books were checked, for all who may read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, home, readerKey, shot, withPage } from './browser.js';

test('the verification says when the books were checked, and what was found', async () => {
  await withPage({}, async (page) => {
    await page.goto(`${home}/#key=${readerKey}`);
    const pages = page.getByRole('navigation', { name: 'Pages' });
    await pages.getByRole('link', { name: 'Verification' }).click();
    await page.getByText('All books are right').waitFor();
    assert.match(await page.getByRole('region', { name: 'The last check' }).getByRole('time').first().getAttribute('title'), / UTC$/);
    await accessible(page, 'the verification');
    await shot(page, 'verification');
    // What is for admins is not offered to others.
    assert.equal(await pages.getByRole('link', { name: /Keys|Webhooks/ }).count(), 0);
  });
});
