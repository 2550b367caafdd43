import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDataFolder } from '../config/load-config.ts';
import { findServer } from '../state/data-folder.ts';
import { isLoopback } from '../state/loopback.ts';
import { type ApiClient, createApiClient, type Fetch } from './api-client.ts';
import { CommandError } from './command-error.ts';

/** The flags that say which server, or which data folder, a command is about. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly data?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the server: `--url`, `LATCHKEY_URL`, the one that runs on the data folder, or port 1234 on this machine. The
 * token is `LATCHKEY_API_TOKEN`, `LM_API_TOKEN`, or the administrator's of the data folder; the last is sent to this
 * machine only, since a mistyped address must not get it.
 */
export function connect(flags: ConnectionFlags, environment: Environment, fetch?: Fetch): ApiClient {
  const folder = flags.data ?? (environment.LATCHKEY_DATA || defaultDataFolder());
  const running = findServer(folder)?.url;
  const url = flags.url ?? (environment.LATCHKEY_URL || running || 'http://127.0.0.1:1234');
  if (!URL.canParse(url)) throw new CommandError(`'${url}' is no URL. Write it like http://127.0.0.1:1234.`);
  const given = environment.LATCHKEY_API_TOKEN || environment.LM_API_TOKEN;
  const token = given || (url === running || isOnThisMachine(url) ? readAdminToken(folder) : undefined);
  return createApiClient(url, token, fetch);
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
