import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { inspectToken, type TokenInfo } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { OperatorError } from '../contracts/operator-error.ts';
import { type DataFolder, movePrivate, writeDraft, writePrivate } from './data-folder.ts';

/** The table that records which token is the administrator's. */
export interface AdministratorTables {
  administrator: AdministratorTable;
}

export interface AdministratorTable {
  /** The id of the only row. */
  id: 'installation';
  token_id: string;
}

/** Creates the table of `AdministratorTables`. A released migration is never changed. */
export const administratorMigrations: Migrations = {
  '0007-administrator': async (database) => {
    await database.schema
      .createTable('administrator')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .execute();
  },
};

/** How many tokens are read at once. */
const PAGE = 500;

/**
 * For a database that never had an administrator's token, creates one and writes it into the data folder (mode 0600),
 * where the operator's commands find it. It appears nowhere else. A revoked one is not created again. If several
 * servers start at once, one of them creates it.
 */
export async function ensureAdministrator(
  auth: Auth,
  folder: DataFolder,
  database: Kysely<AdministratorTables>,
): Promise<void> {
  if ((await readAdministrator(database)) !== undefined) return;
  const known = await findAdministrator(auth);
  if (known !== undefined) {
    await nameAdministrator(database, known);
    return;
  }
  if (existsSync(folder.adminToken)) throw lostDatabase(folder);
  const operator = auth.operator();
  const { token, record } = await auth.issue({ name: 'administrator', grant: llm.everything }, operator);
  // The draft is written before the token is recorded as the administrator's, so that its text is not lost if the
  // process stops in between.
  const draft = writeDraft(folder.adminToken, `${token}\n`);
  if ((await nameAdministrator(database, record.id)) === record.id) return movePrivate(draft, folder.adminToken);
  unlinkSync(draft);
  await auth.revoke(record.id, operator);
}

/** The data folder has a token from before, but the database never had one. A fresh start would hide a loss. */
const lostDatabase = ({ adminToken, database }: DataFolder): OperatorError =>
  new OperatorError(
    'unusable_database',
    `The database has no tokens at all, and ${adminToken} is of one that had some: it was lost or emptied. Restore it ` +
      `(${database}, or what 'database' names), or, to begin again without its tokens, move admin-token away.`,
  );

/**
 * Restores access to an installation whose administrator's token was lost. It gives that token a new secret, or creates
 * another token if the old one was revoked, has expired or may no longer do everything. The token is written into the
 * data folder.
 */
export async function recoverAdministrator(
  auth: Auth,
  folder: DataFolder,
  database: Kysely<AdministratorTables>,
): Promise<TokenInfo> {
  const operator = auth.operator();
  const id = await readAdministrator(database);
  const known = id === undefined ? undefined : await auth.show(id, operator).catch(() => undefined);
  const { token, record } =
    known !== undefined && isAdministrator(known, new Date())
      ? await auth.rotate(known.id, {}, operator)
      : await auth.issue({ name: 'administrator', grant: llm.everything }, operator);
  writePrivate(folder.adminToken, `${token}\n`);
  await database
    .insertInto('administrator')
    .values({ id: 'installation', token_id: record.id })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ token_id: record.id }))
    .execute();
  return record;
}

/** Whether a token works and may do everything, so that its holder can administer. */
export function isAdministrator({ grant, revokedAt, expiresAt, caveats = [] }: TokenInfo, now: Date): boolean {
  if (revokedAt !== undefined || (expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime())) return false;
  // A restriction by network, time, project or limit could lock its holder out.
  return (
    caveats.length === 0 && grant.actions.includes('*') && Object.keys(grant).every((key) => key in llm.everything)
  );
}

/**
 * Wraps `Auth` so that the administrator's token in the data folder keeps working: when that token is rotated by any
 * caller, the new one is written there.
 */
export function withAdministratorFile(auth: Auth, folder: DataFolder, onFailure: (cause: unknown) => void): Auth {
  return {
    ...auth,
    rotate: async (...asked) => {
      const rotated = await auth.rotate(...asked);
      try {
        if (readTokenId(folder.adminToken) === rotated.record.id) writePrivate(folder.adminToken, `${rotated.token}\n`);
      } catch (cause) {
        // The secret has already changed, and the response contains the new token.
        onFailure(cause);
      }
      return rotated;
    },
  };
}

/** Returns the id of the token in a file; undefined when there is none. */
function readTokenId(path: string): string | undefined {
  return existsSync(path) ? inspectToken(readFileSync(path, 'utf8').trim(), llm).id : undefined;
}

/**
 * Returns the oldest token that may do everything, even one that has ended: it was created before the first start of a
 * server.
 */
async function findAdministrator(auth: Auth): Promise<string | undefined> {
  for (let after: string | undefined; ; ) {
    const page = await auth.list(auth.operator(), { limit: PAGE, ...(after !== undefined && { after }) });
    const found = page.find(({ grant }) => grant.actions.includes('*'));
    if (found !== undefined || page.length < PAGE) return found?.id;
    after = page.at(-1)?.id;
  }
}

/** Records the administrator if none is recorded, and returns the id of the recorded one. */
async function nameAdministrator(database: Kysely<AdministratorTables>, tokenId: string): Promise<string | undefined> {
  await database
    .insertInto('administrator')
    .values({ id: 'installation', token_id: tokenId })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return readAdministrator(database);
}

async function readAdministrator(database: Kysely<AdministratorTables>): Promise<string | undefined> {
  const row = await database.selectFrom('administrator').select('token_id').executeTakeFirst();
  return row?.token_id;
}
