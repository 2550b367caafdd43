import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { latchkeyPath } from './latchkey-command.ts';

const root = join(import.meta.dirname, '..', '..');

/** How the commands of a page went, all of them in one shell. */
export interface PageOutcome {
  readonly exitCode: number | null;
  /** What was run and what it printed. */
  readonly transcript: string;
}

/** What the commands of the documentation need beside `latchkey`, and this machine lacks. */
export const missingPrograms = (): readonly string[] =>
  ['bash', 'curl', 'jq', 'openssl'].filter((name) => spawnSync(name, ['--version']).error !== undefined);

/**
 * Runs the `sh` blocks of a page of the documentation in their order, in an empty folder, and stops at the first command
 * that fails. `latchkey` is the one of this checkout, and the address that the page names is the server's.
 */
export async function runPage(path: string, url: string, home: string): Promise<PageOutcome> {
  const page = readFileSync(join(root, path), 'utf8').replaceAll('http://127.0.0.1:1234', url);
  const blocks = [...page.matchAll(/\n```sh\n([\s\S]*?)\n```/g)].map(([, commands]) => commands);
  if (blocks.length === 0) throw new Error(`${path} has no commands.`);
  const script = [`set -eu -o pipefail; latchkey() { "$NODE" "$LATCHKEY" "$@"; }`, ...blocks].join('\n');
  const child = spawn('bash', ['-v', '-c', script], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, NODE: process.execPath, LATCHKEY: latchkeyPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let transcript = '';
  const append = (text: string): void => {
    transcript += text;
  };
  child.stdout.setEncoding('utf8').on('data', append);
  child.stderr.setEncoding('utf8').on('data', append);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, transcript };
}
