import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, type Connection, createClient, type Environment, resolveConnection } from '@latchkey/client';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/load-config.ts';
import { findServer } from '../state/data-folder.ts';
import { isLoopback } from '../state/loopback.ts';
import { type ApiClient, createApiClient } from './api-client.ts';

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

/**
 * Finds server, token and project as `@latchkey/client` does, with what this machine knows behind it: the server that
 * runs on the data folder, and its administrator's token. That token is sent to this machine only, since a mistyped
 * address must not get it. Who names the folder with `--data` means its server and its administrator, so that a
 * profile counts only when it is named, too.
 */
export function findConnection(flags: ConnectionFlags, environment: Environment): Connection {
  const folder = flags.data ?? (environment.LATCHKEY_DATA || defaultDataFolder());
  const running = findServer(folder)?.url;
  const profile = flags.profile ?? (flags.data === undefined ? undefined : null);
  const found = resolveConnection({
    environment,
    ...(flags.url === undefined ? {} : { url: flags.url }),
    ...(profile === undefined ? {} : { profile }),
    ...(flags.actsFor === undefined ? {} : { project: flags.actsFor }),
    ...(running === undefined ? {} : { defaultUrl: running }),
  });
  const isHere = found.url === running || isOnThisMachine(found.url);
  const administrator = found.token === undefined && isHere ? readAdminToken(folder) : undefined;
  return { ...found, ...(administrator === undefined ? {} : { token: administrator }) };
}

/** A client for what `findConnection` finds. */
export function connectClient(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): Client {
  return createClient({
    ...findConnection(flags, environment),
    ...(fetch === undefined ? {} : { fetch }),
    // Everything has been looked for.
    profile: null,
    environment: {},
  });
}

function isOnThisMachine(url: string): boolean {
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

function readAdminToken(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'admin-token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
