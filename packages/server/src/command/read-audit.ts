import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditEntry, type AuditStore, createAuditLog } from '@latchkey/auth-core';
import type { Environment } from '@latchkey/client';
import { loadConfig } from '../config/load-config.ts';
import { defaultDataFolder } from '../config/own-home.ts';
import { readSecrets } from '../state/data-folder.ts';
import { refuseOtherSecret } from '../state/same-secret.ts';
import type { Secrets } from '../state/secrets.ts';
import { takeSnapshotOf } from './ask-operator.ts';
import { findClosedFolder } from './closed-folder.ts';
import { CommandError } from './command-error.ts';
import { type ConnectionFlags, connect } from './connection.ts';
import { reachFolder } from './reach-folder.ts';

/** Which entries to read. */
export interface AuditFilter {
  readonly after?: number;
  readonly type?: string;
  readonly project?: string;
}

const PAGE = 1000;

/**
 * Yields the matching entries, oldest first, a page at a time: from a running server, or, with `--data` and no server
 * on that folder, from its database.
 */
export async function* readAudit(
  flags: ConnectionFlags,
  environment: Environment,
  filter: AuditFilter,
): AsyncGenerator<readonly AuditEntry[]> {
  await using opened = new AsyncDisposableStack();
  const folder = await findClosedFolder(flags, opened);
  if (folder === undefined) {
    const api = connect(flags, environment);
    yield* readPages(filter, async (after) => {
      const { after: _, ...query } = filter;
      const search = new URLSearchParams({ ...query, after: String(after), limit: String(PAGE) });
      const response = await api.request('GET', `/api/v1/audit?${search}`);
      return ((await response.json()) as { readonly entries: readonly AuditEntry[] }).entries;
    });
    return;
  }
  const { store, secrets } = await openAudit(folder, environment, opened);
  const log = opened.use(createAuditLog({ store, key: secrets }));
  yield* readPages(filter, (after) => log.list({ ...filter, after, limit: PAGE }));
}

/** The audit log of a data folder. */
export interface OpenedAudit {
  readonly store: AuditStore;
  /** The keys of the keyed hashes that chain the entries. */
  readonly secrets: Secrets;
  /** Throws ServerError `CONFLICT` when the database is used with another key. */
  readonly refuseOtherSecret: () => Promise<void>;
}

/**
 * Opens the audit log of a data folder to read it. While a server runs there, it is that of a snapshot, which the server
 * makes of its SQLite file; a PostgreSQL database is for several processes.
 */
export async function openAuditToRead(
  flag: string | undefined,
  environment: Environment,
  owner: AsyncDisposableStack,
): Promise<OpenedAudit> {
  const data = folderOf(flag, environment);
  const holder = await reachFolder(data);
  if ('lock' in holder) {
    owner.use(holder.lock);
    return openAudit(data, environment, owner);
  }
  const { database } = loadConfig({ flags: { data }, environment });
  if (database !== undefined) return openAudit(data, environment, owner);
  return openAudit(data, environment, owner, await takeSnapshotOf(holder.server, data, environment, owner));
}

/** Opens the audit log of a data folder that this process has, or of a snapshot, without changing it. */
export async function openAudit(
  data: string,
  environment: Environment,
  owner: AsyncDisposableStack,
  snapshot?: string,
): Promise<OpenedAudit> {
  const { openStores } = await import('./open-installation.ts');
  const { folder, database } = await openStores({ data, environment }, owner, snapshot);
  const { secrets } = folder;
  return { store: database.audit, secrets, refuseOtherSecret: () => refuseOtherSecret(database.secret, secrets) };
}

/** Reads only the keys, to verify exported files: from the secrets of the environment, or of a data folder. */
export function readAuditKeys(data: string | undefined, environment: Environment): Secrets {
  const path = folderOf(data, environment);
  if (environment.LATCHKEY_SECRET || existsSync(join(path, 'secret.key'))) return readSecrets(path, environment);
  throw new CommandError(
    `There is no key in ${path} to check the entries with. Name the data folder of their server with --data, or set ` +
      'LATCHKEY_SECRET to its secret.',
    { ending: 'missing' },
  );
}

export const folderOf = (data: string | undefined, environment: Environment): string =>
  data ?? (environment.LATCHKEY_DATA || defaultDataFolder());

async function* readPages(
  filter: AuditFilter,
  read: (after: number) => Promise<readonly AuditEntry[]>,
): AsyncGenerator<readonly AuditEntry[]> {
  for (let after = filter.after ?? 0; ; ) {
    const page = await read(after);
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.seq ?? after;
  }
}
