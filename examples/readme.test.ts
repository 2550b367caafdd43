import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const HEADING = '## The lock is a library';

/** The first program under the heading, as a reader would copy it. */
function readProgram(): string {
  const page = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  return (
    /```ts\n([\s\S]*?)\n```/.exec(page.slice(page.indexOf(HEADING)))?.[1] ?? expect.fail(`no code under ${HEADING}`)
  );
}

async function start(program: string): Promise<{ readonly url: string; readonly token: string }> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    cwd: import.meta.dirname,
    env: { ...process.env, PORT: '0', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill();
  });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  const [, port, token] = /port: (\d+) } (\S+)/.exec(String(line)) ?? [];
  if (port === undefined || token === undefined) expect.fail('the program did not start');
  return { url: `http://127.0.0.1:${port}`, token };
}

it('the program in the README runs, and does what it says', async () => {
  const { url, token } = await start(readProgram());
  const stranger = await fetch(url);
  expect(stranger.status).toBe(401);
  expect(stranger.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  expect(await stranger.json()).toMatchObject({ error: { code: 'AUTH_TOKEN_MISSING' } });
  const known = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(known.status).toBe(200);
  expect(await known.json()).toEqual({ hello: 'ci' });
  expect(known.headers.get('ratelimit-policy')).toBe('"requestsPerMinute";q=60;w=60');
});
