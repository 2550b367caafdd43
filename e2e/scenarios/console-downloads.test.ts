import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { browser as program } from '../support/browser.ts';
import {
  expectAccessible,
  goTo,
  keepPicture,
  openConsole,
  signInTo,
  startBrowser,
} from '../support/console-browser.ts';
import { modelsFolder, NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const nano = readFileSync(join(modelsFolder, `${NANO}.gguf`));
const FILE = 'nano-Q8_0.gguf';
const half = Math.floor(nano.length / 2);

describe.runIf(program !== undefined)('downloads in the console', () => {
  let hub: Server;
  let folder: TemporaryFolder;
  let server: TestServer;
  let browser: Browser;
  /** Transfers that stand at one half, until the test lets them go on. */
  let halves: ServerResponse[] = [];
  let isBroken = false;

  beforeAll(async () => {
    hub = createServer((request, response) => {
      if (request.url?.startsWith('/api/models/acme/')) {
        const oid = createHash('sha256').update(nano).digest('hex');
        response.end(
          JSON.stringify([{ type: 'file', path: FILE, size: nano.length, lfs: { oid, size: nano.length } }]),
        );
        return;
      }
      if (isBroken || request.url?.includes('/acme/') !== true) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-length': nano.length });
      response.write(nano.subarray(0, half));
      halves.push(response);
    }).listen(0, '127.0.0.1');
    await once(hub, 'listening');
    folder = createTemporaryFolder();
    const baseUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
    [server, browser] = await Promise.all([
      startServer({
        config: { models: join(folder.path, 'models'), downloads: { baseUrl, allowPrivateHosts: ['127.0.0.1'] } },
      }),
      startBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
    hub?.closeAllConnections();
    hub?.close();
  });

  const letGo = (): void => {
    for (const response of halves.splice(0)) response.end(nano.subarray(half));
  };

  for (const width of [360, 1280]) {
    verifies(
      'console.downloads',
      async () => {
        const model = `acme/at-${width}`;
        await using tab = await openConsole(browser, server.url, { width });
        const { page, problems } = tab;
        await signInTo(page, server.adminToken);
        await goTo(page, 'Models');
        const open = () => page.getByRole('button', { name: 'Download a model' }).press('Enter');
        const form = page.getByRole('form', { name: 'Download a model' });
        await open();
        await page.getByLabel('Model or address').fill(`elsewhere/${width}`);
        await page.getByLabel('Model or address').press('Enter');
        await form
          .getByRole('alert')
          .getByText(/no such repository/)
          .waitFor();
        await expectAccessible(page, `a download that was refused, ${width}`);
        await keepPicture(page, `downloads-refused-${width}`);
        await page.getByLabel('Model or address').fill(model);
        await page.getByLabel('Quantization').fill('q8_0');
        await page.getByLabel('Quantization').press('Enter');

        // It is there after the page is loaded again.
        const progress = page.getByRole('progressbar', { name: `Download of ${model}` });
        const at = page.getByText(/^1\.\d MiB of \d\.\d MiB/);
        await at.waitFor();
        await page.reload();
        await progress.waitFor();
        await at.waitFor();
        expect(Number(await progress.getAttribute('value'))).toBe(half);
        await expectAccessible(page, `a download, ${width}`);
        await keepPicture(page, `downloads-${width}`);

        // Without a word from a person, nothing is cancelled.
        const cancel = page.getByRole('button', { name: `Cancel the download of ${model}` });
        await cancel.press('Enter');
        const dialog = page.getByRole('dialog');
        await dialog.getByText(`What is there of ${model} is removed.`).waitFor();
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
        await progress.waitFor();
        await cancel.press('Enter');
        await dialog.getByRole('button', { name: 'Cancel it' }).press('Enter');
        await page.getByText(`The download of ${model} is cancelled.`).waitFor();
        await progress.waitFor({ state: 'detached' });
        halves = [];

        // One that fails says why, and is tried again.
        isBroken = true;
        await open();
        await page.getByLabel('Model or address').fill(model);
        await page.getByLabel('Model or address').press('Enter');
        await page.getByRole('alert').getByText('404').waitFor();
        await keepPicture(page, `downloads-failed-${width}`);
        isBroken = false;
        await page.getByRole('button', { name: `Try again to download ${model}` }).press('Enter');
        await at.waitFor();
        letGo();
        await page.getByText(`${model} is downloaded.`).waitFor();
        await page.getByRole('row', { name: model }).waitFor();
        await progress.waitFor({ state: 'detached' });
        await open();
        await page.getByLabel('Model or address').fill(model);
        await page.getByLabel('Model or address').press('Enter');
        await page.getByText(`${model} is there already.`).waitFor();

        // Who signs out leaves nothing behind of what was asked.
        await open();
        await page.getByLabel('Model or address').fill(`acme/left-${width}`);
        await page.getByLabel('Model or address').press('Enter');
        await at.waitFor();
        const kept = () => page.evaluate(() => localStorage.getItem('latchkey.downloads'));
        expect(await kept()).toContain(`acme/left-${width}`);
        if (width < 600) await page.getByRole('button', { name: 'Menu' }).press('Enter');
        await page.getByRole('button', { name: 'Sign out' }).press('Enter');
        await page.getByLabel('Token').waitFor();
        await expect.poll(kept).toBeNull();
        letGo();

        // A token without the action has no button; one that may not see a download is not told of it.
        const reader = await createToken(server, `reader ${width}`, { actions: ['models:read'], models: ['*'] });
        await using other = await openConsole(browser, server.url, { width });
        await signInTo(other.page, reader.token);
        await goTo(other.page, 'Models');
        await other.page.getByRole('row', { name: model }).waitFor();
        expect(await other.page.getByRole('button', { name: /download/i }).count()).toBe(0);
        expect([problems, other.problems]).toEqual([[], []]);
      },
      `at ${width} pixels`,
    );
  }
});
