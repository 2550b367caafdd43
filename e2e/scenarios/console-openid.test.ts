import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { ACCOUNT_CLIENT, type AccountProvider, startAccountProvider } from '../support/account-provider.ts';
import { browser as program } from '../support/browser.ts';
import { expectAccessible, keepPicture, openConsole, startBrowser } from '../support/console-browser.ts';
import { findFreePort } from '../support/free-port.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { verifies } from '../support/verifies.ts';

// Each sign-in is half a dozen pages of two servers.
vi.setConfig({ testTimeout: 120_000 });

const GRANTS = [
  { group: 'llm-admins', grant: { actions: ['*'], models: ['*'] } },
  { group: 'llm-users', grant: { actions: ['chat', 'models:read'], models: ['*'] } },
];

describe.runIf(program !== undefined)('an account of a provider', () => {
  let provider: AccountProvider;
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    const port = await findFreePort();
    const publicUrl = `http://127.0.0.1:${port}`;
    provider = await startAccountProvider(`${publicUrl}/openid/callback`);
    [server, browser] = await Promise.all([
      startServer({
        flags: ['--port', String(port)],
        environment: { ACCOUNTS_SECRET: provider.clientSecret },
        config: {
          publicUrl,
          openid: {
            issuer: provider.issuer,
            clientId: ACCOUNT_CLIENT,
            secretVariable: 'ACCOUNTS_SECRET',
            name: 'Example Accounts',
            scopes: ['openid', 'email', 'groups'],
            grants: GRANTS,
          },
        },
      }),
      startBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await provider?.[Symbol.asyncDispose]();
  });

  /** As a person does: the button of the console, the form of the provider, its question. */
  async function signInAs(page: Page, account: string): Promise<void> {
    await page.getByRole('link', { name: 'Sign in with Example Accounts' }).click();
    await page.locator('input[name=login]').fill(account);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]', { hasText: 'Continue' }).click();
  }

  verifies('console.openid', async () => {
    provider.groups.mara = ['staff', 'llm-users'];
    await using tab = await openConsole(browser, server.url);
    const { page, problems } = tab;
    await page.getByRole('link', { name: 'Sign in with Example Accounts' }).waitFor();
    await expectAccessible(page, 'sign in with a provider');
    await keepPicture(page, 'sign-in-openid');
    await signInAs(page, 'mara');
    await page.getByText('Signed in: mara@example.com').waitFor();
    // What the group does not have is not there.
    expect(await page.getByRole('link', { name: 'Playground' }).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'Tokens' }).count()).toBe(0);
    // Nothing of the sign-in stays in the address, and the page is signed in when it is opened again.
    expect(new URL(page.url()).hash).toBe('');
    await page.reload();
    await page.getByText('Signed in: mara@example.com').waitFor();
    // A link that looks like the end of a sign-in gives no session, and takes none.
    await page.goto(`${server.url}/console/#session=${'a'.repeat(22)}.${'b'.repeat(43)}`);
    await page.getByText('Signed in: mara@example.com').waitFor();
    await page.reload();
    await page.getByText('Signed in: mara@example.com').waitFor();
    const { tokens } = (await server.admin.get('/api/v1/tokens')).body;
    expect(tokens).toContainEqual(expect.objectContaining({ owner: 'mara@example.com' }));
    expect(problems).toEqual([]);
  });

  verifies('console.openid-ends', async () => {
    provider.groups.tom = ['llm-users'];
    await using first = await openConsole(browser, server.url);
    await signInAs(first.page, 'tom');
    await first.page.getByText('Signed in: tom@example.com').waitFor();
    provider.groups.tom = ['staff'];
    await using second = await openConsole(browser, server.url);
    await signInAs(second.page, 'tom');
    await second.page.getByText('this server gives it no rights').waitFor();
    await second.page.getByLabel('Token').waitFor();
    // The session from before has ended with the token.
    await first.page.reload();
    await first.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
