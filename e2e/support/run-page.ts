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

/** What the page leaves to its reader. */
export interface PageReader {
  /** What stands in the place of the page's examples, by example: ids, folders, names of hosts. */
  readonly words?: Readonly<Record<string, string>>;
  /** What is typed at a prompt. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs the `sh` blocks of a page of the documentation in their order, in the folder `home`, and stops at the first command
 * that fails, an answer of curl other than 2xx among them. `latchkey` is the one of this checkout, and the address that the
 * page names is the server's.
 */
export async function runPage(
  path: string,
  url: string,
  home: string,
  { words = {}, input = '', environment = {} }: PageReader = {},
): Promise<PageOutcome> {
  const text = readFileSync(join(root, path), 'utf8');
  const page = Object.entries({ ...words, 'http://127.0.0.1:1234': url, 'http://localhost:1234': url }).reduce(
    (read, [example, own]) => read.replaceAll(example, own),
    text,
  );
  const unused = Object.keys(words).filter((example) => !text.includes(example));
  if (unused.length > 0) throw new Error(`${path} does not have ${unused.join(', ')}.`);
  const blocks = [...page.matchAll(/\n```sh\n([\s\S]*?)\n```/g)].map(([, commands]) => commands);
  if (blocks.length === 0) throw new Error(`${path} has no commands.`);
  const script = [
    'set -eu -o pipefail',
    'latchkey() { "$NODE" "$LATCHKEY" "$@"; }',
    'curl() { command curl -sS --fail-with-body "$@"; }',
    ...blocks,
  ].join('\n');
  const child = spawn('bash', ['-v', '-c', script], {
    cwd: home,
    env: { ...environment, PATH: process.env.PATH, HOME: home, NODE: process.execPath, LATCHKEY: latchkeyPath },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A page at which nothing is typed may end before this has been read.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let transcript = '';
  const append = (text: string): void => {
    transcript += text;
  };
  child.stdout.setEncoding('utf8').on('data', append);
  child.stderr.setEncoding('utf8').on('data', append);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, transcript };
}
