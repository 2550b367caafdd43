import { existsSync } from 'node:fs';
import { createAuditLog } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { keepPersonsApart } from '../audit/persons-apart.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ServerConfig } from '../config/schema.ts';
import { toAuthSettings } from '../settings/installation-settings.ts';
import { createKyselySettingsStore } from '../settings/kysely-settings-store.ts';
import { createLiveSettings, type LiveSettings } from '../settings/live-settings.ts';
import { withAdministratorFile } from '../state/administrator.ts';
import { type DataFolder, openDataFolder } from '../state/data-folder.ts';
import { type Database, openDatabase } from '../state/database.ts';
import { openTokens, type Tokens } from '../state/open-tokens.ts';
import { createOperatorDesk, type OperatorDesk } from '../state/operator-desk.ts';
import { nameInstallation, requireSameSecret } from '../state/same-secret.ts';
import { givenSecret } from '../state/secrets.ts';
import { operatorDeskOf } from './ask-operator.ts';
import type { ClosedFolder } from './closed-folder.ts';
import { noFolder, reachFolder } from './reach-folder.ts';

/** What a command needs to work on an installation without its server. */
export interface Installation extends Tokens {
  readonly settings: LiveSettings;
}

/** The desk of the operator: that of the server on the folder, or one of this command, which then has its lock. */
export async function openOperatorDesk(closed: ClosedFolder, owner: AsyncDisposableStack): Promise<OperatorDesk> {
  const { data, environment } = closed;
  const holder = await reachFolder(data);
  if ('server' in holder) return operatorDeskOf(holder.server, data, environment);
  owner.use(holder.lock);
  const stores = await openStores(closed, owner);
  const { folder, database } = stores;
  return createOperatorDesk({
    // Only what needs tokens records the secret that the database is used with.
    auth: async () => (await openTokensOf(stores, owner)).auth,
    log: () => owner.use(createAuditLog({ store: database.audit, key: folder.secrets })),
    folder,
    database,
    hasGivenSecret: givenSecret(environment) !== undefined,
  });
}

/** The database of a data folder, with its configuration. */
export interface OpenedStores {
  readonly config: ServerConfig;
  readonly folder: DataFolder;
  readonly database: Database;
}

/**
 * Opens the database of a data folder, for a command that has its lock. A snapshot of it may be named instead.
 *
 * @throws {CommandError} when the folder does not exist
 */
export async function openStores(
  { data, environment }: ClosedFolder,
  owner: AsyncDisposableStack,
  snapshot?: string,
): Promise<OpenedStores> {
  // A command that only looks must not create a folder with a new key.
  if (!existsSync(data)) throw noFolder(data);
  const config = loadConfig({ flags: { data }, environment });
  const folder = openDataFolder(config.data, environment);
  const place = snapshot ?? config.database ?? folder.database;
  return { config, folder, database: await openDatabase(place, owner) };
}

/**
 * Opens the tokens and the settings of a data folder as its server does, with its configuration and its audit log. A
 * process that can read the folder's secret acts for its operator.
 */
export async function openInstallation(closed: ClosedFolder, owner: AsyncDisposableStack): Promise<Installation> {
  return openTokensOf(await openStores(closed, owner), owner);
}

async function openTokensOf(
  { config, folder, database }: OpenedStores,
  owner: AsyncDisposableStack,
): Promise<Installation> {
  await requireSameSecret(database.secret, folder.secrets).catch((error: unknown) => {
    folder.forgetNewSecret();
    throw error;
  });
  const { log } = owner.use(
    keepPersonsApart({
      log: owner.use(createAuditLog({ store: database.audit, key: folder.secrets })),
      persons: database.persons,
      tokens: database.tokens,
      apart: config.audit.persons === 'apart',
    }),
  );
  const settings = await createLiveSettings({
    store: createKyselySettingsStore(database.settings),
    authentication: { forcedOff: false, refusal: undefined },
    clock: () => new Date(),
    audit: log.record,
  });
  const tokens = openTokens({
    store: database.tokens,
    signingKeys: database.signingKeys,
    secrets: folder.secrets,
    earlierHmacKey: folder.earlierHmacKey,
    issuer: config.publicUrl ?? (await nameInstallation(database.secret, folder.secrets)),
    settings: () => toAuthSettings(settings.current()),
    audit: log.record,
    ...(config.policy === undefined ? {} : { policy: llm.parseGrant(config.policy, { patterns: re2jsPatterns }) }),
  });
  owner.use(tokens.auth);
  const auth = withAdministratorFile(tokens.auth, folder, (cause) => {
    throw cause;
  });
  return { ...tokens, auth, settings };
}
