import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { browser as program } from './browser.ts';

export interface ConsoleTab extends AsyncDisposable {
  readonly page: Page;
  /** What the page has asked for, and from where: addresses. */
  readonly requests: readonly string[];
  /** What went wrong in the page: errors of scripts, refusals of its policy. */
  readonly problems: readonly string[];
}

export interface TabOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
}

/** Starts the browser of this machine. */
export function startBrowser(): Promise<Browser> {
  const executablePath = spawnSync('sh', ['-c', 'command -v "$0"', program ?? ''])
    .stdout.toString()
    .trim();
  // Its own sandbox does not start as root, or where users cannot create namespaces.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

/** Opens a tab of its own: no cookie and no storage of another one. */
export async function openTab(
  browser: Browser,
  { width = 1280, scheme = 'light' }: TabOptions = {},
): Promise<ConsoleTab> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // The browser reports each refused request; the tests look at answers themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  return { page, requests, problems, [Symbol.asyncDispose]: () => context.close() };
}

/** Opens a tab at the form to sign in. */
export async function openConsole(browser: Browser, url: string, options: TabOptions = {}): Promise<ConsoleTab> {
  const tab = await openTab(browser, options);
  await tab.page.goto(`${url}/console`);
  await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  return tab;
}

/** Signs in; the navigation is there when it is done. */
export async function signInTo(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('main').getByRole('heading', { level: 1 }).and(page.locator(':not(:text("Sign in"))')).waitFor();
}

/** Goes to a page by the navigation, as a reader does at this width. */
export async function goTo(page: Page, name: string): Promise<void> {
  const menu = page.getByRole('button', { name: 'Menu' });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole('navigation').getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Requires that a page has no violation of axe's rules, and that nothing of it is cut off: it does not scroll to the
 * side. The policy of the page forbids scripts of tests, so they come in as a debugger's.
 */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await evaluate(`${axe}; undefined`);
  const violations = await evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`,
  );
  expect(violations, what).toEqual([]);
  const [inner, outer] = (await evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [number, number];
  expect(inner, `${what}: width`).toBeLessThanOrEqual(outer);
  await session.detach();
}

/** Keeps a picture of the page, if a folder for them is named. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.LATCHKEY_PICTURES;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
