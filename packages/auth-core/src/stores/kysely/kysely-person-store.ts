import type { Kysely } from 'kysely';
import type { PersonStore } from '../../erasure/person-store.ts';
import type { Migrations } from './migrate.ts';
import { readText } from './read-column.ts';
import type { PersonSchema } from './schema.ts';
import type { StoreNames } from './store-names.ts';
import { openTables } from './store-tables.ts';

/** The most pseudonyms of one query: SQLite takes some thousands of values. */
const PORTION = 500;

/** The migration of the table for {@link createKyselyPersonStore}; run it with `migrate`. */
export const personMigrations: Migrations = {
  '0001-persons': async (database) => {
    await database.schema
      .createTable('personal_texts')
      .addColumn('pseudonym', 'text', (column) => column.primaryKey())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addUniqueConstraint('personal_texts_text', ['owner', 'text'])
      .execute();
  },
};

/**
 * Keeps the texts about persons that an audit log names by pseudonyms, in the table `personal_texts` of a database that
 * kysely speaks to; `personMigrations` creates it. Backups of the database have what was in it: erase them in time.
 *
 * @example
 * ```ts
 * import { createKyselyPersonStore, migrate, personMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, personMigrations, 'person_migrations');
 * export const persons = createKyselyPersonStore(database);
 * ```
 */
export function createKyselyPersonStore<Schema>(database: Kysely<Schema>, names: StoreNames = {}): PersonStore {
  const { open } = openTables<PersonSchema>(database, names, 'person store');

  return {
    database,
    async pseudonymOf(owner, text, proposed, transaction) {
      const known = await open(transaction)
        .selectFrom('personal_texts')
        .select('pseudonym')
        .where('owner', '=', owner)
        .where('text', '=', text)
        .executeTakeFirst();
      if (known !== undefined) return readText(known, 'pseudonym');
      const row = await open(transaction)
        .insertInto('personal_texts')
        .values({ pseudonym: proposed, owner, text })
        // Another process was first; the update makes its row the answer.
        .onConflict((conflict) => conflict.columns(['owner', 'text']).doUpdateSet({ text }))
        .returning('pseudonym')
        .executeTakeFirstOrThrow();
      return readText(row, 'pseudonym');
    },
    async textsOf(pseudonyms) {
      const texts = new Map<string, string>();
      for (let from = 0; from < pseudonyms.length; from += PORTION) {
        const rows = await open()
          .selectFrom('personal_texts')
          .select(['pseudonym', 'text'])
          .where('pseudonym', 'in', pseudonyms.slice(from, from + PORTION))
          .execute();
        for (const row of rows) texts.set(readText(row, 'pseudonym'), readText(row, 'text'));
      }
      return texts;
    },
    async forget(owner) {
      await open().deleteFrom('personal_texts').where('owner', '=', owner).execute();
    },
  };
}
