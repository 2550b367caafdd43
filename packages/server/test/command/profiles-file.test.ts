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
async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  let printed = '';
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
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
