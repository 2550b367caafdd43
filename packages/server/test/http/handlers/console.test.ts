import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lmstudioDialect } from '../../../src/dialects/lmstudio/index.ts';
import { createConsoleHandler } from '../../../src/http/handlers/console.ts';
import type { Route } from '../../../src/http/route.ts';
import { safeHeaders } from '../../../src/http/steps/safe-headers.ts';
import { takeRoute } from '../../../src/http/steps/take-route.ts';
import { temporaryFolder } from '../../scripted/temporary-folder.ts';
import { appOf } from '../app-of.ts';
import { send } from '../in-process-client.ts';

/** A build of the console, with a file beside it that is not of it. */
function build(): URL {
  const folder = join(temporaryFolder(), 'console');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Latchkey</title>');
  writeFileSync(join(folder, 'assets', 'index-abc.js'), 'export {};'.repeat(100));
  writeFileSync(join(folder, 'assets', 'index-abc.css'), 'body {}');
  writeFileSync(join(folder, 'assets', 'secret.key'), 'secret');
  writeFileSync(join(folder, '..', 'secret.html'), 'secret');
  return pathToFileURL(`${folder}/`);
}

function appAt(folder: URL) {
  const handler = createConsoleHandler(folder);
  const rows = ['/console', '/console/*path'].map(
    (path): Route => ({ method: 'GET', path, access: 'public', handler, dialect: lmstudioDialect }),
  );
  return appOf(
    takeRoute(rows, (route) => route.handler),
    { steps: [safeHeaders] },
  );
}

describe('the console', () => {
  it.each([
    '/console',
    '/console/',
    '/console/conversations/resp_1',
    '/console/tokens',
    '/console/tokens/imported.4f',
    '/console/assets',
  ])('has a page at %s, which is not cached', async (path) => {
    const { status, headers, text } = await send(appAt(build()), { path });
    expect([status, text]).toEqual([200, expect.stringContaining('<title>Latchkey')]);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('has files that may be cached for ever, because their names change with them', async () => {
    const { headers, text } = await send(appAt(build()), { path: '/console/assets/index-abc.js' });
    expect(text).toContain('export');
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
  });

  it('runs its own files only, cannot be framed, and sends no address to other sites', async () => {
    for (const path of ['/console', '/console/assets/index-abc.css']) {
      const { headers } = await send(appAt(build()), { path });
      const policy = String(headers['content-security-policy']);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      const rules = new Map(policy.split('; ').map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]));
      expect(rules.get('default-src')).toBe("'none'");
      expect(rules.get('script-src')).toBe("'self'");
      expect(rules.get('connect-src')).toBe("'self'");
      expect(rules.get('frame-ancestors')).toBe("'none'");
      expect(rules.get('base-uri')).toBe("'none'");
      expect(rules.get('form-action')).toBe("'none'");
      expect(rules.get('require-trusted-types-for')).toBe("'script'");
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
    }
  });

  it.each([
    '/console/secret.html',
    '/console/../secret.html',
    '/console/%2e%2e/secret.html',
    '/console/..%2fsecret.html',
    '/console/assets/secret.key',
    '/console/assets/%2e%2e/%2e%2e/secret.html',
    '/console/assets/missing.js',
    '/console/assets/missing',
  ])('has nothing else: %s', async (path) => {
    const { status, headers, text } = await send(appAt(build()), { path });
    expect([status, text.includes('secret"') || text === 'secret']).toEqual([404, false]);
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each(['/console//evil.example', '/console/https://evil.example', '/console?next=https://evil.example'])(
    'leads to no other site: %s',
    async (path) => {
      const { status, headers } = await send(appAt(build()), { path });
      expect([status < 300 || status === 404, headers.location]).toEqual([true, undefined]);
    },
  );

  it('is sent compressed to browsers that take it', async () => {
    const { headers } = await send(appAt(build()), {
      path: '/console/assets/index-abc.js',
      headers: { 'accept-encoding': 'gzip, br' },
    });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
  });

  it('says that it was not built', async () => {
    const { status, text } = await send(appAt(pathToFileURL(`${temporaryFolder()}/`)), { path: '/console' });
    expect([status, text]).toEqual([404, expect.stringContaining('without its console')]);
  });
});
