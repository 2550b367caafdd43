import type { Kysely, Selectable } from 'kysely';
import type { ConnectionTable, ConnectionTables } from './schema.ts';

/** A client that a person has let in. */
export interface Connection {
  readonly id: string;
  /** The key that was derived from the token of the person. It, or one above it, ends the connection. */
  readonly tokenId: string;
  readonly rootId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly codeDigest: string;
  /** RFC 3339. */
  readonly codeUntil: string;
  /** Absent until the code is redeemed. */
  readonly refreshDigest?: string;
  readonly sealed: string;
  /** The refresh token before, which works until the present one was used. */
  readonly former?: SealedKey;
  readonly createdAt: string;
}

/** A refresh token, and the key that it opens. */
export interface SealedKey {
  readonly digest: string;
  readonly sealed: string;
}

/** Stores connections, for all servers. */
export interface ConnectionStore {
  add(connection: Connection): Promise<void>;
  find(id: string): Promise<Connection | undefined>;
  all(): Promise<readonly Connection[]>;
  /**
   * Puts another refresh token in the place of the present one; of the code, when there is none yet. False when another
   * request did so meanwhile.
   *
   * @param former the one that was used for it
   */
  renew(id: string, present: string | undefined, next: SealedKey, former: SealedKey | undefined): Promise<boolean>;
  remove(id: string): Promise<void>;
}

/** Stores connections in an SQL database. */
export function createKyselyConnectionStore(db: Kysely<ConnectionTables>): ConnectionStore {
  return {
    async add(connection) {
      await db.insertInto('oauth_connection').values(toRow(connection)).execute();
    },
    async find(id) {
      const row = await db.selectFrom('oauth_connection').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
    },
    all: async () => (await db.selectFrom('oauth_connection').selectAll().execute()).map(fromRow),
    async renew(id, present, { digest, sealed }, former) {
      const { numUpdatedRows } = await db
        .updateTable('oauth_connection')
        .set({
          refresh_digest: digest,
          sealed,
          former_digest: former?.digest ?? null,
          former_sealed: former?.sealed ?? null,
        })
        .where('id', '=', id)
        .where('refresh_digest', present === undefined ? 'is' : '=', present ?? null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    async remove(id) {
      await db.deleteFrom('oauth_connection').where('id', '=', id).execute();
    },
  };
}

const toRow = (connection: Connection): ConnectionTable => ({
  id: connection.id,
  token_id: connection.tokenId,
  root_id: connection.rootId,
  client_id: connection.clientId,
  redirect_uri: connection.redirectUri,
  challenge: connection.challenge,
  code_digest: connection.codeDigest,
  code_until: connection.codeUntil,
  refresh_digest: connection.refreshDigest ?? null,
  sealed: connection.sealed,
  former_digest: connection.former?.digest ?? null,
  former_sealed: connection.former?.sealed ?? null,
  created_at: connection.createdAt,
});

const fromRow = (row: Selectable<ConnectionTable>): Connection => ({
  id: row.id,
  tokenId: row.token_id,
  rootId: row.root_id,
  clientId: row.client_id,
  redirectUri: row.redirect_uri,
  challenge: row.challenge,
  codeDigest: row.code_digest,
  codeUntil: row.code_until,
  ...(row.refresh_digest === null ? {} : { refreshDigest: row.refresh_digest }),
  sealed: row.sealed,
  ...(row.former_digest === null || row.former_sealed === null
    ? {}
    : { former: { digest: row.former_digest, sealed: row.former_sealed } }),
  createdAt: row.created_at,
});
