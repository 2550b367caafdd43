import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { latchkeyPath } from './latchkey-command.ts';

const root = join(import.meta.dirname, '..', '..');

/** The outcome of a page's commands, which all run in one shell. */
export interface PageOutcome {
  readonly exitCode: number | null;
  /** The commands and their output. */
  readonly transcript: string;
}

/** The programs, besides `latchkey`, that the documentation's commands need and this machine lacks. */
export const missingPrograms = (): readonly string[] =>
  ['bash', 'curl', 'jq', 'openssl'].filter((name) => spawnSync(name, ['--version']).error !== undefined);

/** What a reader of the page has to fill in. */
export interface PageReader {
  /** The replacements for the page's examples, by example: ids, folders, host names. */
  readonly words?: Readonly<Record<string, string>>;
  /** The input typed at a prompt. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs the `sh` blocks of a page of the documentation in their order, in the folder `home`, and stops at the first
 * command that fails, an answer of curl other than 2xx among them. `latchkey` is the one of this checkout, and the
 * address that the page names is the server's.
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
  // A page without input may end before this has been read.
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
