import type { Kysely } from 'kysely';
import type { AccountTables } from './schema.ts';

/** A person of the provider, and the token of that person here. */
export interface Account {
  readonly issuer: string;
  /** The person, as the provider names it to this server. */
  readonly subject: string;
  readonly tokenId: string;
  /** The token, encrypted. */
  readonly sealed: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** Stores accounts, for all servers. */
export interface AccountStore {
  find(issuer: string, subject: string): Promise<Account | undefined>;
  /**
   * Puts an account in the place of the one with the token `present`; undefined: where there is none. False when
   * another request did so meanwhile.
   */
  put(account: Account, present: string | undefined): Promise<boolean>;
  all(): Promise<readonly Account[]>;
  /** Removes an account, unless it has another token by now. */
  remove(account: Pick<Account, 'issuer' | 'subject' | 'tokenId'>): Promise<void>;
}

/** Stores accounts in an SQL database. */
export function createKyselyAccountStore(db: Kysely<AccountTables>): AccountStore {
  return {
    async find(issuer, subject) {
      const row = await db
        .selectFrom('openid_account')
        .selectAll()
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .executeTakeFirst();
      return row && fromRow(row);
    },
    async put(account, present) {
      const { issuer, subject, tokenId, sealed, createdAt } = account;
      const held = { token_id: tokenId, sealed, created_at: createdAt };
      if (present === undefined) {
        const { numInsertedOrUpdatedRows = 0n } = await db
          .insertInto('openid_account')
          .values({ issuer, subject, ...held })
          .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }
      const { numUpdatedRows } = await db
        .updateTable('openid_account')
        .set(held)
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .where('token_id', '=', present)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    all: async () => (await db.selectFrom('openid_account').selectAll().execute()).map(fromRow),
    async remove({ issuer, subject, tokenId }) {
      await db
        .deleteFrom('openid_account')
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .where('token_id', '=', tokenId)
        .execute();
    },
  };
}

const fromRow = (row: AccountTables['openid_account']): Account => ({
  issuer: row.issuer,
  subject: row.subject,
  tokenId: row.token_id,
  sealed: row.sealed,
  createdAt: row.created_at,
});
