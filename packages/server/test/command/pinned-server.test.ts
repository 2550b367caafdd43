import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServerIdentity, type ServerIdentity } from '../../src/state/server-identity.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { runCommand } from './poison/run-command.ts';

const TOKEN = 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa';
const first = createServerIdentity(new Uint8Array(32).fill(1));
const second = createServerIdentity(new Uint8Array(32).fill(2));

/** A server elsewhere, whose identity a test changes; undefined: it knows of no proof. Counts the tokens that it is shown. */
async function startServer(identity: ServerIdentity | undefined) {
  const state = { identity, shown: 0, url: '' };
  const listener = createServer(({ url = '', headers }, response) => {
    if (headers.authorization !== undefined) state.shown += 1;
    const { pathname, searchParams } = new URL(url, 'http://server');
    const proof = state.identity?.prove(searchParams.get('nonce') ?? '', searchParams.get('host') ?? '');
    const whoami = { id: 'a', kind: 'api-key', name: 'ada', owner: 'ada', authority: [], limits: [] };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(pathname === '/health' ? { status: 'ok', proof } : whoami));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    listener.closeAllConnections();
    listener.close();
  });
  await once(listener, 'listening');
  state.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return state;
}

function makeCaller() {
  const home = temporaryFolder();
  return {
    profiles: () => readFileSync(join(home, '.latchkey', 'credentials'), 'utf8'),
    latchkey: (...args: readonly string[]) =>
      runCommand(args, {
        isTerminal: false,
        input: TOKEN,
        environment: { HOME: home, LATCHKEY_DATA: join(home, 'none') },
      }),
  };
}

describe('the key of a server', () => {
  it('is kept by login, and a token is shown to the same one again', async () => {
    const server = await startServer(first);
    const { latchkey, profiles } = makeCaller();
    expect(await latchkey('login', '--url', server.url)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(profiles()).toContain(`server_key = ${first.key}`);
    expect((await latchkey('whoami')).exitCode).toBe(0);
    expect(server.shown).toBe(2);
  });

  it.each([
    ['another key', second],
    ['no key', undefined],
  ])('keeps tokens from a server with %s, until login takes that one', async (_, other) => {
    const server = await startServer(first);
    const { latchkey, profiles } = makeCaller();
    await latchkey('login', '--url', server.url);
    server.identity = other;
    server.shown = 0;
    for (const command of [['whoami'], ['models'], ['token', 'exchange'], ['whoami', '--url', server.url]]) {
      expect(await latchkey(...command)).toMatchObject({
        exitCode: 6,
        stderr: expect.stringContaining(
          "no token was sent to it. Has its operator set it up again, then 'latchkey login'",
        ),
      });
    }
    expect(server.shown).toBe(0);
    expect((await latchkey('login')).exitCode).toBe(0);
    expect(profiles().includes(`server_key = ${second.key}`)).toBe(other === second);
    expect(profiles()).not.toContain(first.key);
    expect((await latchkey('whoami')).exitCode).toBe(0);
  });

  it('is asked for before logout ends a token', async () => {
    const server = await startServer(first);
    const { latchkey } = makeCaller();
    await latchkey('login', '--url', server.url);
    server.identity = second;
    server.shown = 0;
    expect((await latchkey('logout')).stdout).toContain('no token was sent to it');
    expect(server.shown).toBe(0);
  });

  it('is not required of a server that has none: login says so, once', async () => {
    const server = await startServer(undefined);
    const { latchkey, profiles } = makeCaller();
    expect((await latchkey('login', '--url', server.url)).stderr).toContain('proves no key');
    expect(profiles()).not.toContain('server_key');
    expect(await latchkey('whoami')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
