import { spawn } from 'node:child_process';
import { z } from 'zod';
import { dictionary } from '../config/dictionary.ts';
import { headerProblem } from '../config/http-fields.ts';
import type { Environment } from '../config/interpolate.ts';
import { readKeyValueLines } from '../config/key-value-lines.ts';
import { childEnvironment } from './child-environment.ts';
import type { Fetch } from './guarded-fetch.ts';
import { signalGroup, superviseGroup } from './process-group.ts';

const longestRunMs = 10_000;
const mostBytes = 64 * 1024;

/** Why the credentials of a server could not be read. The message is safe to show and quotes none of the output. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}

/** A program of the mcp.json that prints credentials. */
export interface CredentialCommand {
  /** The key of the mcp.json, for errors. */
  readonly key: 'envCommand' | 'headersCommand';
  readonly command: readonly string[];
  readonly environment: Environment;
  readonly cwd?: string | undefined;
}

/**
 * Runs the program, without a shell and with the few variables that every child gets, and parses its output: a JSON
 * object of texts, or lines of `KEY=VALUE`. Its limits are 10 seconds and 64 KiB.
 *
 * @throws CredentialError
 */
export async function runCredentialCommand(given: CredentialCommand): Promise<Readonly<Record<string, string>>> {
  const failure = (what: string): CredentialError => new CredentialError(`its ${given.key} ${what}`);
  const text = (await collectOutput(given, failure)).trim();
  const values = (text.startsWith('{') ? readObject(text) : readKeyValueLines(text)) ?? {};
  const named = Object.entries(values);
  if (named.length === 0) throw failure('printed neither a JSON object of texts nor lines of KEY=VALUE');
  const isSound = given.key === 'headersCommand' ? isHeader : isVariable;
  if (!named.every(([name, value]) => isSound(name, value))) throw failure('printed what cannot be sent');
  return values;
}

/**
 * Wraps `fetch` with the headers that the program prints. The program runs when they are first needed, and again after
 * a 401, once for all requests that got one. Each of these requests is then sent a second time, because it was not
 * served.
 */
export function withHeadersCommand(
  fetch: Fetch,
  { check = async () => {}, ...given }: Omit<CredentialCommand, 'key'> & { readonly check?: () => Promise<void> },
): Fetch {
  let current: Promise<Readonly<Record<string, string>>> | undefined;
  const obtain = (): Promise<Readonly<Record<string, string>>> => {
    if (current !== undefined) return current;
    const run = check().then(
      () => runCredentialCommand({ ...given, key: 'headersCommand' }),
      (error: Error) => Promise.reject(new CredentialError(error.message)),
    );
    current = run;
    run.catch(() => {
      if (current === run) current = undefined;
    });
    return run;
  };
  const send = async (url: string | URL, init: RequestInit, credentials: Readonly<Record<string, string>>) => {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(credentials)) headers.set(name, value);
    return fetch(url, { ...init, headers });
  };
  return async (url, init = {}) => {
    const used = obtain();
    const response = await send(url, init, await used);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    if (current === used) current = undefined;
    return send(url, init, await obtain());
  };
}

/** Returns the message of the CredentialError that caused an error, if there is one. */
export function credentialProblem(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (cause instanceof CredentialError) return cause.message;
  }
  return undefined;
}

function collectOutput(
  { command: [program = '', ...args], environment, cwd }: CredentialCommand,
  failure: (what: string) => CredentialError,
): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: childEnvironment(environment, {}),
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: false,
      detached: true,
      windowsHide: true,
    });
    superviseGroup(child);
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      child.stdout.destroy();
      finish();
    };
    const giveUp = (what: string): void => settle(() => reject(failure(what)));
    const timer = setTimeout(() => giveUp(`took longer than ${longestRunMs / 1000} seconds`), longestRunMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) giveUp(`printed more than ${mostBytes} bytes`);
      else chunks.push(chunk);
    });
    child.once('error', () => giveUp('could not be run'));
    child.once('close', (code) => {
      if (code === 0) settle(() => resolve(Buffer.concat(chunks).toString('utf8')));
      else giveUp(code === null ? 'was ended by a signal' : `ended with code ${code}`);
    });
  });
}

const objectSchema = dictionary(z.string());

function readObject(text: string): Readonly<Record<string, string>> | undefined {
  try {
    return objectSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const isHeader = (name: string, value: string): boolean => headerProblem(name, value) === undefined;
const isVariable = (name: string, value: string): boolean => /^[^=\0]+$/.test(name) && !value.includes('\0');
