import type { Kysely } from 'kysely';
import type { StoredKeys } from '../../token/token-store.ts';
import { readInteger, readText } from './read-column.ts';
import type { TokenSchema } from './schema.ts';

/** The one row of the table `digest_keys`. */
const ROW = 1;

/** Which keys the tokens of a database are stored with. */
export async function readStoredKeys(database: Kysely<TokenSchema>): Promise<StoredKeys | undefined> {
  const row = await database.selectFrom('digest_keys').selectAll().where('id', '=', ROW).executeTakeFirst();
  if (row === undefined) return undefined;
  const ids: unknown = JSON.parse(readText(row, 'ids_json'));
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) {
    throw new Error("the column 'ids_json' of the table digest_keys is not a list of ids");
  }
  return { ids, idKey: readText(row, 'id_key'), version: readInteger(row, 'version') };
}

/** Replaces them if they have the expected version, 0 where there are none; returns whether they had. */
export async function replaceStoredKeys(
  database: Kysely<TokenSchema>,
  { ids, idKey, version }: StoredKeys,
  expectedVersion: number,
): Promise<boolean> {
  const columns = { ids_json: JSON.stringify(ids), id_key: idKey, version };
  const written =
    expectedVersion === 0
      ? await database
          .insertInto('digest_keys')
          .values({ id: ROW, ...columns })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .execute()
      : await database
          .updateTable('digest_keys')
          .set(columns)
          .where('id', '=', ROW)
          .where('version', '=', expectedVersion)
          .returning('id')
          .execute();
  return written.length === 1;
}
