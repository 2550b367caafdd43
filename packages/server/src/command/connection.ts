import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  askServer,
  type Client,
  type Connection,
  createClient,
  type Environment,
  resolveConnection,
} from '@latchkey/client';
import type { Command } from 'commander';
import { defaultDataFolder, loadConfig } from '../config/load-config.ts';
import { requirePrivate } from '../config/private-path.ts';
import { findServer, type RunningServer } from '../state/data-folder.ts';
import { isLoopback } from '../state/loopback.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { type KnownServers, openKnownServers } from './known-servers.ts';

/** The flags that say which server, or which data folder, a command is about. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly data?: string;
  readonly profile?: string;
  /** The project to act for. Not named as its flag is: for other commands a project is what they look for. */
  readonly actsFor?: string | undefined;
}

/** The flags of a command that does what a token is for. */
export interface CallerFlags extends ConnectionFlags {
  readonly project?: string;
}

/** Adds the flags of `ConnectionFlags` to a command. */
export function addConnectionOptions(command: Command, data = 'the data folder of the server'): Command {
  return command
    .option('--url <url>', 'the server (default: the one that runs here)')
    .option('--profile <name>', "a profile that 'latchkey login' has made: a server and a token for it")
    .option('--data <dir>', data);
}

/** The same for a command that works without a server, too. */
export const addStoreOptions = (command: Command): Command =>
  addConnectionOptions(command, 'a data folder: its server, or its database when none runs');

/** Adds the flags of `CallerFlags` to a command. */
export function addCallerOptions(command: Command): Command {
  return addConnectionOptions(command).option('--project <name>', 'the project to act for');
}

/** Where a command acts, its project among it. */
export const asCaller = (flags: CallerFlags): ConnectionFlags => ({ ...flags, actsFor: flags.project });

type Fetch = typeof globalThis.fetch;

/** The client of `connectClient`, for commands that read the server's answers themselves. */
export function connect(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): ApiClient {
  return createApiClient(connectClient(flags, environment, fetch));
}

/** A connection, and the server that must be at its other end before a token is shown to it. */
export interface FoundConnection extends Connection {
  /** The server that runs on the data folder, or the one whose key a profile holds; absent where no key is known. */
  readonly expected?: ExpectedServer;
}

/** A server, and the key that it must prove to have. */
export interface ExpectedServer {
  readonly url: string;
  readonly key: string;
  /** The process that runs on the data folder; absent for a server that a profile remembers. */
  readonly pid?: number;
}

/**
 * Finds server, token and project as `@latchkey/client` does, with what this machine knows behind it: the server that
 * runs on the data folder, and its administrator's token. That token goes to that server alone, once it has proven that it
 * is the one; so does every other token where nothing names a server. Who names the folder with `--data` means its server
 * and its administrator, so that a profile counts only when it is named, too.
 *
 * @throws {CommandError} when nothing names a server and none runs on the data folder: what listens at the usual port may
 *   be anything
 */
export function findConnection(flags: ConnectionFlags, environment: Environment): FoundConnection {
  const folder = flags.data ?? (environment.LATCHKEY_DATA || defaultDataFolder());
  const profile = flags.profile ?? (flags.data === undefined ? undefined : null);
  const found = withRunningServer(folder, environment, (defaultUrl) =>
    resolveConnection({
      environment,
      ...(flags.url === undefined ? {} : { url: flags.url }),
      ...(profile === undefined ? {} : { profile }),
      ...(flags.actsFor === undefined ? {} : { project: flags.actsFor }),
      defaultUrl,
    }),
  );
  const administrator =
    found.token === undefined && found.expected?.pid !== undefined ? readAdminToken(folder) : undefined;
  return { ...found, ...(administrator === undefined ? {} : { token: administrator }) };
}

/**
 * Resolves a connection with the server that runs on a data folder as the one that is meant when nothing names another.
 *
 * @throws {CommandError} when nothing names one and none runs there
 */
export function withRunningServer(
  folder: string,
  environment: Environment,
  resolve: (defaultUrl: string) => Connection,
): FoundConnection {
  const running = findRunning(folder);
  const { serverKey: key, ...found } = resolve(running?.url ?? NOWHERE);
  if (found.url === NOWHERE) throw noServer(folder, environment);
  if (running === undefined || !isSame(found.url, running.url)) {
    return key === undefined ? found : { ...found, expected: { url: found.url, key } };
  }
  // The address that the server has told of itself: a name such as localhost leads to two.
  return { ...found, url: running.url, expected: running };
}

/** Stands for no server; RFC 6761 keeps the name from being one. */
const NOWHERE = 'http://nowhere.invalid';

/** A client for what `findConnection` finds. */
export function connectClient(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): Client {
  const { expected, ...connection } = findConnection(flags, environment);
  const guarded =
    expected === undefined && connection.token !== undefined
      ? meetServer(connection.url, openKnownServers(environment), fetch)
      : expectServer(expected, fetch);
  return createClient({
    ...connection,
    fetch: guarded,
    // Everything has been looked for.
    profile: null,
    environment: {},
  });
}

/** Sends nothing before the server has proven that it is the one that is expected. */
export function expectServer(expected: ExpectedServer | undefined, fetch: Fetch = globalThis.fetch): Fetch {
  if (expected === undefined) return fetch;
  let proof: Promise<void> | undefined;
  return async (input, init) => {
    proof ??= requireServer(expected, fetch);
    await proof;
    return fetch(input, init);
  };
}

/** The same for a server that was only named: the key that it proves the first time is the one that it must prove from then on. */
function meetServer(url: string, known: KnownServers, fetch: Fetch = globalThis.fetch): Fetch {
  let meeting: Promise<void> | undefined;
  const meet = async (): Promise<void> => {
    const key = known.keyOf(url);
    if (key !== undefined) return requireServer({ url, key }, fetch);
    const answer = await askServer(url, { fetch });
    // An older server, or one behind a proxy that it does not know, proves nothing.
    if (answer.type === 'proven') known.keep(url, answer.key);
  };
  return async (input, init) => {
    meeting ??= meet();
    await meeting;
    return fetch(input, init);
  };
}

async function requireServer({ url, key, pid }: ExpectedServer, fetch: Fetch): Promise<void> {
  const answer = await askServer(url, { fetch });
  if (answer.type === 'unreachable') throw answer.cause;
  if (answer.type === 'proven' && answer.key === key) return;
  if (pid === undefined) {
    const shows = answer.type === 'proven' ? 'has another key' : 'proves no key';
    throw new CommandError(
      `What answers at ${url} ${shows}: it is not the server that was met there before, and no token was sent to it. ` +
        "Has its operator set it up again, then 'latchkey login' takes the new key, or take its line out of known-servers.json beside your profiles.",
      { ending: 'unreachable', code: 'unproven' },
    );
  }
  throw new CommandError(
    `What answers at ${url} is not the server of this data folder, so no token was sent to it. Process ${pid} may have ` +
      "crashed and its port have gone to another program: start the server again with 'latchkey serve'.",
    { ending: 'unreachable', code: 'unproven' },
  );
}

/** A note of another user's making leads to another user's server. */
function findRunning(folder: string): RunningServer | undefined {
  if (!existsSync(folder)) return undefined;
  requirePrivate(folder, 'folder');
  return findServer(folder);
}

function noServer(folder: string, environment: Environment): CommandError {
  const config = loadConfig({ flags: { data: folder }, environment });
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  return new CommandError(
    `No server runs on the data folder ${folder}; it would be at ${url}. Start one with 'latchkey serve', or name another ` +
      'with --url, LATCHKEY_URL or a profile.',
    { ending: 'unreachable' },
  );
}

/** The same address, or this machine by another of its names. */
function isSame(url: string, running: string): boolean {
  const [one, other] = [new URL(url), new URL(running)];
  return one.origin === other.origin || (one.port === other.port && isHere(one) && isHere(other));
}

function isHere({ hostname, protocol }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return protocol === 'http:' && (isLoopback(host) || host === '0.0.0.0' || host === '::');
}

function readAdminToken(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'admin-token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
