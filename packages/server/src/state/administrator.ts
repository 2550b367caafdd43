import { unlinkSync } from 'node:fs';
import { type Auth, FULL_GRANT } from '@latchkey/auth-core';
import type { Migrations } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { type DataFolder, movePrivate, writeDraft } from './data-folder.ts';

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
  const operator = auth.operator();
  const { token, record } = await auth.issue({ name: 'administrator', grant: FULL_GRANT }, operator);
  // It lies ready before it is named: whatever happens from there on, whoever looks for it finds it.
  const draft = writeDraft(folder.adminToken, `${token}\n`);
  if ((await nameAdministrator(database, record.id)) === record.id) return movePrivate(draft, folder.adminToken);
  unlinkSync(draft);
  await auth.revoke(record.id, operator);
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
