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
import { isLoopback } from '../config/loopback.ts';
import { defaultDataFolder } from '../config/own-home.ts';
import { requirePrivate } from '../config/private-path.ts';
import { findServer, type RunningServer } from '../state/data-folder.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { type KnownServers, openKnownServers } from './known-servers.ts';

/** The flags that select the server, or the data folder, of a command. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly data?: string;
  readonly profile?: string;
  /** The project to act for. It has another name than its flag, because other commands use `project` as a filter. */
  readonly actsFor?: string | undefined;
}

/** The flags of a command that acts as a caller, for a project. */
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

/** Adds the same flags to a command that also works without a server. */
export const addStoreOptions = (command: Command): Command =>
  addConnectionOptions(command, 'a data folder: its server, or its database when none runs');

/** Adds the flags of `CallerFlags` to a command. */
export function addCallerOptions(command: Command): Command {
  return addConnectionOptions(command).option('--project <name>', 'the project to act for');
}

/** The connection flags of a caller, including its project. */
export const asCaller = (flags: CallerFlags): ConnectionFlags => ({ ...flags, actsFor: flags.project });

type Fetch = typeof globalThis.fetch;

/** Creates the client of `connectClient`, for commands that read the server's responses themselves. */
export function connect(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): ApiClient {
  return createApiClient(connectClient(flags, environment, fetch));
}

/** A connection, and the server that must prove its identity before it receives a token. */
export interface FoundConnection extends Connection {
  /** The server on the data folder, or the one whose key a profile holds; absent when no key is known. */
  readonly expected?: ExpectedServer;
}

/** A server, and the key that it must prove. */
export interface ExpectedServer {
  readonly url: string;
  readonly key: string;
  /** The process on the data folder; absent for a server from a profile. */
  readonly pid?: number;
}

/**
 * Finds server, token and project as `@latchkey/client` does, and adds what this machine knows: the server on the data
 * folder and its administrator's token. That token is sent only to that server, once it has proven its identity; the
 * same holds for every other token when no server is named. `--data` selects the folder's server and administrator, so
 * a profile is then used only if it is named as well.
 *
 * @throws {CommandError} when no server is named and none runs on the data folder: any program may be listening at the
 *   default port
 */
export function findConnection(flags: ConnectionFlags, environment: Environment): FoundConnection {
  const folder = flags.data ?? (environment.LATCHKEY_DATA || defaultDataFolder());
  const profile = flags.profile ?? (flags.data === undefined ? undefined : null);
  const found = withRunningServer(folder, (defaultUrl) =>
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
 * Resolves a connection; the server that runs on a data folder is the default when no other is named.
 *
 * @throws {CommandError} when no server is named and none runs there
 */
export function withRunningServer(folder: string, resolve: (defaultUrl: string) => Connection): FoundConnection {
  const running = findRunning(folder);
  const { serverKey: key, ...found } = resolve(running?.url ?? NOWHERE);
  if (found.url === NOWHERE) throw noServer(folder);
  if (running === undefined || !isSame(found.url, running.url)) {
    return key === undefined ? found : { ...found, expected: { url: found.url, key } };
  }
  // Uses the address that the server itself announced: a name such as localhost resolves to two.
  return { ...found, url: running.url, expected: running };
}

/** A placeholder for no server; RFC 6761 reserves the name, so it never resolves. */
const NOWHERE = 'http://nowhere.invalid';

/** Creates a client for the connection that `findConnection` finds. */
export function connectClient(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): Client {
  const { expected, ...connection } = findConnection(flags, environment);
  const guarded =
    expected === undefined && connection.token !== undefined
      ? meetServer(connection.url, openKnownServers(environment), fetch)
      : expectServer(expected, fetch);
  return createClient({
    ...connection,
    fetch: guarded,
    // The profile has already been resolved.
    profile: null,
    environment: {},
  });
}

/** Wraps `fetch` so that nothing is sent before the server has proven that it is the expected one. */
export function expectServer(expected: ExpectedServer | undefined, fetch: Fetch = globalThis.fetch): Fetch {
  if (expected === undefined) return fetch;
  let proof: Promise<void> | undefined;
  return async (input, init) => {
    proof ??= requireServer(expected, fetch);
    await proof;
    return fetch(input, init);
  };
}

/** Does the same for a server that was only named: the key that it proves the first time is required from then on. */
function meetServer(url: string, known: KnownServers, fetch: Fetch = globalThis.fetch): Fetch {
  let meeting: Promise<void> | undefined;
  const meet = async (): Promise<void> => {
    const key = known.keyOf(url);
    if (key !== undefined) return requireServer({ url, key }, fetch);
    const answer = await askServer(url, { fetch });
    // An older server, or one behind a proxy that is not configured there, proves nothing.
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

/**
 * Finds the running server by the note in the folder. The folder must be private: another user's note would lead to
 * another user's server.
 */
function findRunning(folder: string): RunningServer | undefined {
  if (!existsSync(folder)) return undefined;
  requirePrivate(folder, 'folder');
  return findServer(folder);
}

function noServer(folder: string): CommandError {
  return new CommandError(
    `No server runs on the data folder ${folder}. Start one with 'latchkey serve', or name another with --url, ` +
      'LATCHKEY_URL or a profile.',
    { ending: 'unreachable' },
  );
}

/** Whether two URLs have the same address, or both mean this machine under different names. */
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
