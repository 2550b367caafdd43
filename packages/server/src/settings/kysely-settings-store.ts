import type { Kysely, Transaction } from 'kysely';
import {
  DEFAULT_INSTALLATION_SETTINGS,
  type InstallationSettings,
  readStoredSettings,
} from './installation-settings.ts';
import type { SettingsTables } from './schema.ts';

/** Settings as the database has them; version 0 when nobody has changed them yet. */
export interface StoredSettings {
  readonly version: number;
  readonly settings: InstallationSettings;
}

/** Keeps an installation's settings. */
export interface SettingsStore {
  /** Rejects when the database does not answer, or holds what no version of this server has written. */
  read(): Promise<StoredSettings>;
  /** Writes unless somebody else was faster: false when the stored version is another than `expectedVersion`. */
  write(settings: InstallationSettings, expectedVersion: number, at: string, transaction?: unknown): Promise<boolean>;
  /** What its transactions are of: `write` writes in one that it is given. */
  readonly database?: object;
}

const ID = 'installation';

/** Settings in SQL. */
export function createKyselySettingsStore(db: Kysely<SettingsTables>): SettingsStore {
  return {
    read: async () => {
      const row = await db
        .selectFrom('installation_settings')
        .select(['document', 'version'])
        .where('id', '=', ID)
        .executeTakeFirst();
      if (row === undefined) return { version: 0, settings: DEFAULT_INSTALLATION_SETTINGS };
      return { version: row.version, settings: readStoredSettings(JSON.parse(row.document)) };
    },

    database: db,

    write: async (settings, expectedVersion, at, transaction) => {
      const within = transaction === undefined ? db : (transaction as Transaction<SettingsTables>);
      const row = { document: JSON.stringify(settings), version: expectedVersion + 1, updated_at: at };
      if (expectedVersion === 0) {
        const { numInsertedOrUpdatedRows } = await within
          .insertInto('installation_settings')
          .values({ id: ID, ...row })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }
      const { numUpdatedRows } = await within
        .updateTable('installation_settings')
        .set(row)
        .where('id', '=', ID)
        .where('version', '=', expectedVersion)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
  };
}
