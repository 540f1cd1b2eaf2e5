// One Chromium, and what every test is held to: nothing is asked of another host, and nothing is
// complained of in the browser's console.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { SCRIP_LINK, SCRIP_READER_KEY, SCRIP_SHOTS, SCRIP_CHROMIUM } = process.env;
/** The link that the first start printed, without its key. */
export const home = new URL(SCRIP_LINK).origin;
/** The link itself. */
export const link = SCRIP_LINK;
export const readerKey = SCRIP_READER_KEY;

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever is missed below does not find its host.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A fresh profile; with `close`, which also says what should not have happened. */
export async function open({ width = 1360, height = 900, colorScheme = 'light', expects = [] } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'scrip-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: SCRIP_CHROMIUM,
    headless: true,
    args: ARGUMENTS,
    viewport: { width, height },
    colorScheme,
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    acceptDownloads: true,
    reducedMotion: 'reduce',
  });
  const wrong = [];
  // What is cut off because the browser is closed is nobody's fault.
  let isClosing = false;
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.origin === home || url.protocol === 'blob:' || url.protocol === 'data:') return route.continue();
    wrong.push(`asked another host: ${url}`);
    return route.abort();
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(Number(process.env.SCRIP_PATIENCE_MS ?? 60_000));
  page.on('pageerror', (error) => wrong.push(`threw: ${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isClosing) wrong.push(`complained: ${message.text()}`);
  });
  const close = async () => {
    isClosing = true;
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    const unexpected = wrong.filter((line) => !expects.some((known) => line.includes(known)));
    assert.deepEqual(unexpected, []);
  };
  return { context, page, close };
}

/** Runs with a page of its own. */
export async function withPage(options, run) {
  const browser = await open(options);
  try {
    await run(browser.page);
  } catch (error) {
    await shot(browser.page, 'failed').catch(() => undefined);
    await browser.context.close();
    throw error;
  }
  await browser.close();
}

export async function shot(page, name, options = {}) {
  mkdirSync(SCRIP_SHOTS, { recursive: true });
  await page.screenshot({ path: join(SCRIP_SHOTS, `${name}.png`), ...options });
}

/** Fails with what axe finds serious. */
export async function accessible(page, where) {
  // Evaluated, since the policy lets no other script in.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      nodes: nodes.slice(0, 5).map(({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
    }));
  });
  const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(serious, [], `axe on ${where}`);
}

/** The page of a customer, by way of the search. */
export async function find(page, part, name) {
  await page.getByRole('searchbox').fill(part);
  const row = page.getByRole('link', { name, exact: true });
  await row.waitFor();
  await row.click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** The form that is open. */
export const dialog = (page) => page.getByRole('dialog');
export const field = (page, label) => dialog(page).getByLabel(new RegExp(`^${label}`));
export const review = (page) => dialog(page).getByRole('button', { name: 'Review' }).click();

/** In the playground: runs what is in its editor. Until it has read that, its button does nothing. */
export async function runQuery(page, word, shown) {
  await page.locator('.graphiql-query-editor .view-lines').getByText(word).first().waitFor({ timeout: 60_000 });
  for (let tries = 0; tries < 10; tries += 1) {
    // Not there while it runs what the last click began.
    const execute = page.getByRole('button', { name: /Execute query/ });
    if (await execute.isVisible()) await execute.click();
    const isShown = await shown.waitFor({ timeout: 3_000 }).then(
      () => true,
      () => false,
    );
    if (isShown) return;
  }
  assert.fail(`${word} could not be run`);
}
