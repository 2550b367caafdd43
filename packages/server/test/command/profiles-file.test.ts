import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { main } from '../../src/command/cli.ts';
import { findConnection } from '../../src/command/connection.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly profiles?: Readonly<Record<string, { readonly token?: string; readonly url?: string }>>;
  readonly line?: number;
}

/** The format of the file; the client and the package for Python are tried with the same. */
const table: readonly Case[] = JSON.parse(
  readFileSync(new URL('../../../client/test/profiles/file-format.json', import.meta.url), 'utf8'),
);

/** A home with this profiles file; all its profiles are for one server, unless they say another. */
function homeWith(text: string): { readonly file: string; readonly environment: Record<string, string> } {
  const home = temporaryFolder();
  const folder = join(home, '.latchkey');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'credentials'), text, { mode: 0o600 });
  const environment = { HOME: home, USERPROFILE: home, LATCHKEY_DATA: join(home, 'data') };
  return { file: join(folder, 'credentials'), environment };
}

/** Runs a command to its end, without a server. */
async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  fetch: typeof globalThis.fetch = () => Promise.reject(new TypeError('fetch failed')),
) {
  let printed = '';
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
  vi.stubGlobal('fetch', fetch);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { exitCode } = process;
  try {
    process.exitCode = 0;
    await main(['node', 'latchkey', ...args]);
    return { exit: process.exitCode, printed };
  } finally {
    process.exitCode = exitCode;
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

describe('a profiles file, as commands read it', () => {
  for (const { name, text, profiles, line } of table) {
    it(`is as it says, or refused with its line: ${name}`, async () => {
      const { environment, file } = homeWith(text);
      if (profiles !== undefined) {
        for (const [profile, { token, url }] of Object.entries(profiles)) {
          const found = findConnection({ profile, ...(url === undefined ? { url: 'http://h' } : {}) }, environment);
          expect(found).toMatchObject({ url: url ?? 'http://h', ...(token === undefined ? {} : { token }) });
        }
        return;
      }
      for (const command of ['whoami', 'login', 'logout']) {
        const { exit, printed } = await run([command, '--profile', 'default'], environment);
        expect(exit).toBe(2);
        expect(printed).toContain(`${file}: line ${line} `);
        expect(printed).not.toContain('secret');
      }
      expect(readFileSync(file, 'utf8')).toBe(text);
    });
  }
});

/** Answers as a server does that proves nothing, and takes down what it was shown. */
function listener(answer: () => Response): { readonly shown: string[]; readonly fetch: typeof fetch } {
  const shown: string[] = [];
  return {
    shown,
    fetch: async (input, init) => {
      const { url, headers } = new Request(input, init);
      if (headers.has('authorization')) shown.push(url);
      return answer();
    },
  };
}

describe('logout', () => {
  const revoked = (): Response => Response.json({});
  const note = (environment: Readonly<Record<string, string>>): void => {
    const data = environment.LATCHKEY_DATA ?? '';
    mkdirSync(data, { mode: 0o700 });
    const server = { url: 'http://127.0.0.1:1234', pid: process.pid, key: 'a-key' };
    writeFileSync(join(data, 'server.json'), JSON.stringify(server), { mode: 0o600 });
  };

  it('shows a token without a server to none that has not proven to be the one that runs here', async () => {
    const { environment, file } = homeWith('[default]\napi_token = secret-token\n');
    for (const prepare of [() => undefined, () => note(environment)]) {
      prepare();
      writeFileSync(file, '[default]\napi_token = secret-token\n', { mode: 0o600 });
      const { shown, fetch } = listener(revoked);
      const variables = { ...environment, LATCHKEY_URL: 'http://127.0.0.1:9' };
      const { exit, printed } = await run(['logout'], variables, fetch);
      expect(shown).toEqual([]);
      expect(exit).toBe(0);
      expect(printed).toMatch(/^Removed profile 'default'\. Its token could not be revoked and may still work: /);
      expect(readFileSync(file, 'utf8')).toBe('');
    }
  });

  it('shows a token for the address of the server that runs here to that one alone', async () => {
    const { environment } = homeWith('[default]\napi_token = secret-token\nurl = http://localhost:1234\n');
    note(environment);
    const { shown, fetch } = listener(revoked);
    expect((await run(['logout'], environment, fetch)).printed).toContain('is not the server of this data folder');
    expect(shown).toEqual([]);
  });

  it('shows a token to the server of its profile, and says whether its end is stored', async () => {
    for (const [status, says] of [
      [200, 'Its token is revoked.'],
      [202, 'Its token is revoked on its server, which stores that as soon as its database can be written.'],
      [401, 'Its token had ended before.'],
      [403, 'Its token could not be revoked and may still work: '],
    ] as const) {
      const { environment } = homeWith('[default]\napi_token = secret-token\nurl = http://h\n[other]\nbad = 1\n');
      const { shown, fetch } = listener(() => Response.json({}, { status }));
      const { printed } = await run(['logout'], environment, fetch);
      expect(printed).toContain(`Removed profile 'default'. ${says}`);
      expect(shown).toEqual(['http://h/api/v1/tokens/revoke-self']);
    }
  });
});
