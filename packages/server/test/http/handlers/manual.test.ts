import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lmstudioDialect } from '../../../src/dialects/lmstudio/index.ts';
import { createManualHandler } from '../../../src/http/handlers/manual.ts';
import type { Route } from '../../../src/http/route.ts';
import { takeRoute } from '../../../src/http/steps/take-route.ts';
import { temporaryFolder } from '../../scripted/temporary-folder.ts';
import { appOf } from '../app-of.ts';
import { send } from '../in-process-client.ts';

/** A build of the documentation, with a file beside it that is not of it. */
function build(): URL {
  const folder = join(temporaryFolder(), 'manual');
  mkdirSync(join(folder, 'decisions'), { recursive: true });
  for (const name of ['start', 'tokens', 'decisions/0001-node']) {
    writeFileSync(join(folder, `${name}.html`), `<!doctype html><title>${name}</title>`);
    writeFileSync(join(folder, `${name}.md`), `# ${name}`);
  }
  writeFileSync(join(folder, 'llms.txt'), '# Latchkey');
  writeFileSync(join(folder, 'secret.key'), 'secret');
  writeFileSync(join(folder, '..', 'secret.md'), 'secret');
  return pathToFileURL(`${folder}/`);
}

function appAt(folder: URL) {
  const handler = createManualHandler(folder);
  const rows = ['/docs', '/docs/*path', '/llms.txt'].map(
    (path): Route => ({ method: 'GET', path, access: 'public', handler, dialect: lmstudioDialect }),
  );
  return appOf(takeRoute(rows, (route) => route.handler));
}

describe('the documentation', () => {
  it.each([
    ['/docs/tokens', 'text/html; charset=utf-8', '<title>tokens'],
    ['/docs/decisions/0001-node', 'text/html; charset=utf-8', '<title>decisions/0001-node'],
    ['/docs/tokens.md', 'text/markdown; charset=utf-8', '# tokens'],
    ['/llms.txt', 'text/plain; charset=utf-8', '# Latchkey'],
  ])('has %s', async (path, type, content) => {
    const { status, headers, text } = await send(appAt(build()), { path });
    expect([status, headers['content-type'], text]).toEqual([200, type, expect.stringContaining(content)]);
  });

  it.each([
    ['/docs', 'docs/start'],
    ['/docs/', 'start'],
  ])('leads from %s to its first page, whatever a proxy has put in front', async (path, location) => {
    const { status, headers } = await send(appAt(build()), { path });
    expect([status, headers.location]).toEqual([302, location]);
  });

  it('runs no script and cannot be framed', async () => {
    const { headers } = await send(appAt(build()), { path: '/docs/tokens' });
    expect(headers['content-security-policy']).toContain("default-src 'none'; style-src 'self'; base-uri 'none'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it.each([
    '/docs/none',
    '/docs/secret.key',
    '/docs/..%2fsecret',
    '/docs/..%2fsecret.md',
    '/docs/%2e%2e/secret.md',
    '/docs/decisions',
  ])('has nothing at %s', async (path) => {
    const { status, text } = await send(appAt(build()), { path });
    expect(status).toBe(404);
    expect(text).not.toContain('secret"');
  });

  it('says when it was not built', async () => {
    const { status, text } = await send(appAt(new URL('none/', build())), { path: '/docs/tokens' });
    expect([status, text]).toEqual([404, expect.stringContaining('without its documentation')]);
  });
});
