import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { inspectToken, type TokenInfo } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { OperatorError } from '../contracts/operator-error.ts';
import { type DataFolder, movePrivate, writeDraft, writePrivate } from './data-folder.ts';

/** The table that knows which token was the first administrator's. */
export interface AdministratorTables {
  administrator: AdministratorTable;
}

export interface AdministratorTable {
  /** There is one row, and this is its name. */
  id: 'installation';
  token_id: string;
}

/** What makes the table of `AdministratorTables`. A migration that was released is never changed. */
export const administratorMigrations: Migrations = {
  '0007-administrator': async (database) => {
    await database.schema
      .createTable('administrator')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .execute();
  },
};

/** How many tokens are looked at together. */
const PAGE = 500;

/**
 * On a database that never had an administrator's token, makes one and writes it into the data folder (mode 0600),
 * where the operator's commands find it. It is shown nowhere else. One that was revoked does not come back. Of servers
 * that start at once, one makes it.
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
  // It lies ready before it is named: whatever happens from there on, whoever looks for it finds it.
  const draft = writeDraft(folder.adminToken, `${token}\n`);
  if ((await nameAdministrator(database, record.id)) === record.id) return movePrivate(draft, folder.adminToken);
  unlinkSync(draft);
  await auth.revoke(record.id, operator);
}

/** A token that was made before, and a database in which there never was one: to begin again would hide a loss. */
const lostDatabase = ({ adminToken, database }: DataFolder): OperatorError =>
  new OperatorError(
    'unusable_database',
    `The database has no tokens at all, and ${adminToken} is of one that had some: it was lost or emptied. Restore it ` +
      `(${database}, or what 'database' names), or, to begin again without its tokens, move admin-token away.`,
  );

/**
 * Gives the installation an administrator's token again, when the one that it had is lost: a new secret for that token, or, when
 * it was revoked, has expired or may no longer do everything, another token. It is written into the data folder.
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

/** Whether a token works and may do everything, so that whoever has it can administer. */
export function isAdministrator({ grant, revokedAt, expiresAt, caveats = [] }: TokenInfo, now: Date): boolean {
  if (revokedAt !== undefined || (expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime())) return false;
  // Networks, times, projects and limits could keep its holder out.
  return (
    caveats.length === 0 && grant.actions.includes('*') && Object.keys(grant).every((key) => key in llm.everything)
  );
}

/**
 * The same `Auth`, which keeps the administrator's token in the data folder the one that works: a new secret of that token is
 * written there, whoever has asked for it.
 */
export function withAdministratorFile(auth: Auth, folder: DataFolder, onFailure: (cause: unknown) => void): Auth {
  return {
    ...auth,
    rotate: async (...asked) => {
      const rotated = await auth.rotate(...asked);
      try {
        if (readTokenId(folder.adminToken) === rotated.record.id) writePrivate(folder.adminToken, `${rotated.token}\n`);
      } catch (cause) {
        // The secret has changed already, and its new text is in the answer.
        onFailure(cause);
      }
      return rotated;
    },
  };
}

/** Which token a file holds; undefined when there is none. */
function readTokenId(path: string): string | undefined {
  return existsSync(path) ? inspectToken(readFileSync(path, 'utf8').trim()).id : undefined;
}

/** The oldest token that may do everything, ended or not: somebody made it before a server has started. */
async function findAdministrator(auth: Auth): Promise<string | undefined> {
  for (let after: string | undefined; ; ) {
    const page = await auth.list(auth.operator(), { limit: PAGE, ...(after !== undefined && { after }) });
    const found = page.find(({ grant }) => grant.actions.includes('*'));
    if (found !== undefined || page.length < PAGE) return found?.id;
    after = page.at(-1)?.id;
  }
}

/** Names the administrator if nobody has, and says who it is. */
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
