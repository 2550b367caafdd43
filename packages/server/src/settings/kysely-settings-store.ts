import type { Kysely, Transaction } from 'kysely';
import {
  DEFAULT_INSTALLATION_SETTINGS,
  type InstallationSettings,
  readStoredSettings,
} from './installation-settings.ts';
import type { SettingsTables } from './schema.ts';

/** Settings as stored in the database; version 0 if they were never changed. */
export interface StoredSettings {
  readonly version: number;
  readonly settings: InstallationSettings;
}

/** Stores an installation's settings. */
export interface SettingsStore {
  /** Rejects when the database does not answer, or holds a document that no version of this server has written. */
  read(): Promise<StoredSettings>;
  /**
   * Writes the settings if the stored version is `expectedVersion`; returns false if another process has changed them.
   */
  write(settings: InstallationSettings, expectedVersion: number, at: string, transaction?: unknown): Promise<boolean>;
  /** The database of its transactions: `write` takes a transaction of this database. */
  readonly database?: object;
}

const ID = 'installation';

/** Creates a settings store in SQL. */
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
