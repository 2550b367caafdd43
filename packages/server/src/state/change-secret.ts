import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditLog, createAuditLog, createAuth, type KeyUse, type TokenStore } from '@latchkey/auth-core';
import { dropFormerKeys } from '@latchkey/auth-core/keys';
import { llm } from '@latchkey/auth-core/llm';
import { isSystemError } from '../config/path-failure.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { writePrivate } from './data-folder.ts';
import type { Database } from './database.ts';
import { forgetFormerSecrets, requireSameSecret } from './same-secret.ts';
import { formatSecrets, MOST_SECRETS, makeNewSecret, type Secrets } from './secrets.ts';

/** An installation whose secret is in its data folder, with no server on it. */
export interface SecretPlace {
  readonly folder: string;
  readonly database: Database;
  readonly secrets: Secrets;
}

const OPERATOR = { id: 'local:operator', name: 'operator' };

/**
 * Makes a new secret; the present one becomes a former one. The file is replaced in one step before anything is stored
 * with the new secret, so at each moment the file has what the database needs.
 *
 * @throws {OperatorError} `invalid_configuration` when there are too many former secrets
 */
export async function rotateSecret({ folder, database, secrets }: SecretPlace): Promise<readonly KeyUse[]> {
  if (secrets.length >= MOST_SECRETS) {
    throw new OperatorError(
      'invalid_configuration',
      `There are ${secrets.length - 1} former secrets already. End the use of them first: latchkey key drop.`,
    );
  }
  await requireSameSecret(database.secret, secrets);
  await openLog(database, secrets).check();
  const next: Secrets = [makeNewSecret(), ...secrets];
  if (!replaceSecretFile(folder, next)) throw new OperatorError('unusable_path', replacedElsewhere(folder));
  await requireSameSecret(database.secret, next);
  const uses = await countUses(database.tokens, next);
  const [{ id } = { id: '' }] = uses;
  await openLog(database, next).record({ type: 'secret.rotated', actor: OPERATOR, subject: id });
  return uses;
}

/** How many tokens need each secret. Nothing is written. */
export async function countSecretUses(database: Database, secrets: Secrets): Promise<readonly KeyUse[]> {
  const { replaceKeys: _, ...store } = database.tokens;
  return countUses(store, secrets);
}

/** The database closes the store, and nothing here listens to its changes. */
async function countUses({ watch: _, ...store }: TokenStore, digestKey: Secrets): Promise<readonly KeyUse[]> {
  await using auth = createAuth({ vocabulary: llm, store: { ...store, close: async () => undefined }, digestKey });
  return await auth.keys();
}

/** What has come of {@link dropFormerSecrets}. */
export interface DroppedSecrets {
  readonly uses: readonly KeyUse[];
  /** Whether the file with the secrets still has the former ones, since it can only be replaced where it comes from. */
  readonly fileStays: boolean;
}

/**
 * Ends the use of all former secrets, in the database first. The server may be running.
 *
 * @param folder the data folder whose file has the secrets; undefined when they come from the environment
 */
export async function dropFormerSecrets(
  { database, secrets, folder }: Omit<SecretPlace, 'folder'> & { readonly folder: string | undefined },
  force: boolean,
): Promise<DroppedSecrets> {
  await requireSameSecret(database.secret, secrets);
  const log = openLog(database, secrets);
  const dropped = await dropFormerKeys({
    store: database.tokens,
    signingKeys: database.signingKeys,
    digestKey: secrets,
    audit: { anchor: () => log.anchor({ actor: OPERATOR }) },
    force,
  });
  for (const { id, tokens } of dropped) {
    await log.record({ type: 'secret.dropped', actor: OPERATOR, subject: id, details: { tokens } });
  }
  await forgetFormerSecrets(database.secret, secrets);
  return { uses: dropped, fileStays: folder !== undefined && !replaceSecretFile(folder, [secrets[0]]) };
}

/**
 * Writes the file with the secrets in one step; false when it is a link, a mount or on a file system that can only be
 * read: then it comes from elsewhere, and what is written here would be gone at the next start.
 */
function replaceSecretFile(folder: string, secrets: Secrets): boolean {
  const path = join(folder, 'secret.key');
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) return false;
  try {
    writePrivate(path, formatSecrets(secrets));
    return true;
  } catch (error) {
    if (error instanceof OperatorError && isSystemError(error.cause) && FROM_ELSEWHERE.has(error.cause.code ?? '')) {
      return false;
    }
    throw error;
  }
}

const FROM_ELSEWHERE: ReadonlySet<string> = new Set(['EBUSY', 'EROFS', 'EXDEV']);

const replacedElsewhere = (folder: string): string =>
  `${join(folder, 'secret.key')} comes from elsewhere (it is a link, a mount or read-only), so nothing was changed. Replace it ` +
  "there: a new secret in the first line ('openssl rand -base64 32' makes one), then the present lines, the first of them " +
  "with 'former ' before it. Then start the servers on it again.";

/** The database closes the store of the log. */
function openLog(database: Database, secrets: Secrets): AuditLog {
  return createAuditLog({ store: database.audit, key: secrets });
}
