import { createAuditLog, parseGrant } from '@latchkey/auth-core';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { loadConfig } from '../config/load-config.ts';
import { toAuthSettings } from '../settings/installation-settings.ts';
import { createKyselySettingsStore } from '../settings/kysely-settings-store.ts';
import { createLiveSettings } from '../settings/live-settings.ts';
import { findServer, openDataFolder } from '../state/data-folder.ts';
import { openDatabase } from '../state/database.ts';
import { nameInstallation } from '../state/name-installation.ts';
import { openTokens, type Tokens } from '../state/open-tokens.ts';
import { requireSameSecret } from '../state/same-secret.ts';
import type { ConnectionFlags } from './connection.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The data folder whose database a command works on itself: the one of `--data`, when no server runs on it. */
export function findClosedFolder({ data, url, profile }: ConnectionFlags): string | undefined {
  if (data === undefined || url !== undefined || profile !== undefined) return undefined;
  return findServer(data) === undefined ? data : undefined;
}

/**
 * Opens the tokens of a data folder as its server does, with its configuration, its settings and its audit log.
 * Whoever may read the folder's secret is its operator.
 */
export async function openInstallation(
  data: string,
  environment: Environment,
  owner: AsyncDisposableStack,
): Promise<Tokens> {
  const config = loadConfig({ flags: { data }, environment });
  const folder = openDataFolder(config.data, environment);
  const database = await openDatabase(config.database ?? folder.database, owner);
  await requireSameSecret(database.secret, folder.secret);
  const log = owner.use(createAuditLog({ store: database.audit, key: folder.secret }));
  const settings = await createLiveSettings({
    store: createKyselySettingsStore(database.settings),
    authentication: { forcedOff: false, refusal: undefined },
    clock: () => new Date(),
    audit: log.record,
  });
  const tokens = openTokens({
    store: database.tokens,
    signingKeys: database.signingKeys,
    secret: folder.secret,
    issuer: config.publicUrl ?? nameInstallation(folder.secret),
    settings: () => toAuthSettings(settings.current()),
    audit: log.record,
    ...(config.policy === undefined ? {} : { policy: parseGrant(config.policy, { patterns: re2jsPatterns }) }),
  });
  owner.use(tokens.auth);
  owner.use(tokens.introspector);
  return tokens;
}
