import { randomUUID } from 'node:crypto';
import type { Sealer } from '@latchkey/auth-core';
import type { LoginStore, StoredLogin } from '@latchkey/mcp-bridge';
import type { Kysely, Selectable } from 'kysely';
import type { LoginTable, LoginTables } from './schema.ts';

export interface KyselyLoginStoreOptions {
  readonly sealer: Sealer;
  readonly clock: () => Date;
  /** Whether the token that made a login has ended. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
}

/** Logins in SQL, sealed. */
export interface KyselyLoginStore extends LoginStore {
  /** Removes attempts that have expired, and logins whose tokens have ended; seals the others with the present key. */
  sweep(): Promise<void>;
}

const purposeOf = (server: string, account: string): string => `mcp login ${JSON.stringify([server, account])}`;
const attemptPurpose = (id: string): string => `mcp login attempt ${id}`;

/** Stores logins in an SQL database. One whose token has ended is never returned. */
export function createKyselyLoginStore(
  db: Kysely<LoginTables>,
  { sealer, clock, hasEnded }: KyselyLoginStoreOptions,
): KyselyLoginStore {
  const row = (server: string, account: string) =>
    db.selectFrom('mcp_login').selectAll().where('server', '=', server).where('account', '=', account);

  /** A login that cannot be opened, because its key is no longer in use, is none. */
  async function open(login: Selectable<LoginTable>): Promise<StoredLogin | undefined> {
    const { server, account, root_id: madeBy, sealed, version } = login;
    const document = await sealer.open(purposeOf(server, account), sealed).catch(() => undefined);
    return document === undefined ? undefined : { server, account, madeBy, document, version };
  }

  async function find(server: string, account: string): Promise<StoredLogin | undefined> {
    const found = await row(server, account).executeTakeFirst();
    return found === undefined || (await hasEnded([found.root_id])) ? undefined : open(found);
  }

  async function update({ server, account, version, document }: StoredLogin): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('mcp_login')
      .set({
        sealed: await sealer.seal(purposeOf(server, account), document),
        version: randomUUID(),
        claimed_until: null,
      })
      .where('server', '=', server)
      .where('account', '=', account)
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  return {
    find,
    update,

    async put({ server, account, madeBy, document }) {
      const changed = {
        root_id: madeBy,
        sealed: await sealer.seal(purposeOf(server, account), document),
        version: randomUUID(),
        claimed_until: null,
        created_at: clock().toISOString(),
      };
      await db
        .insertInto('mcp_login')
        .values({ server, account, ...changed })
        .onConflict((conflict) => conflict.columns(['server', 'account']).doUpdateSet(changed))
        .execute();
    },

    async remove(server, account) {
      const found = await row(server, account).executeTakeFirst();
      if (found === undefined) return undefined;
      const { numDeletedRows } = await db
        .deleteFrom('mcp_login')
        .where('server', '=', server)
        .where('account', '=', account)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 0n ? undefined : open(found);
    },

    async claim({ server, account, version }, now, until) {
      const { numUpdatedRows } = await db
        .updateTable('mcp_login')
        .set({ claimed_until: until.toISOString() })
        .where('server', '=', server)
        .where('account', '=', account)
        .where('version', '=', version)
        .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now.toISOString())]))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async begin({ id, server, account, madeBy, document, expiresAt }) {
      await db
        .insertInto('mcp_login_attempt')
        .values({
          id,
          server,
          account,
          root_id: madeBy,
          sealed: await sealer.seal(attemptPurpose(id), document),
          expires_at: expiresAt.toISOString(),
        })
        .execute();
    },

    async attempt(id, now) {
      const found = await db.selectFrom('mcp_login_attempt').selectAll().where('id', '=', id).executeTakeFirst();
      if (found === undefined || found.expires_at <= now.toISOString()) return undefined;
      const document = await sealer.open(attemptPurpose(id), found.sealed).catch(() => undefined);
      if (document === undefined) return undefined;
      const { server, account, root_id: madeBy } = found;
      return { id, server, account, madeBy, document, expiresAt: new Date(found.expires_at) };
    },

    async end(id) {
      const { numDeletedRows } = await db
        .deleteFrom('mcp_login_attempt')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    async sweep() {
      await db.deleteFrom('mcp_login_attempt').where('expires_at', '<=', clock().toISOString()).execute();
      for (const login of await db.selectFrom('mcp_login').selectAll().execute()) {
        if (await hasEnded([login.root_id])) {
          await db.deleteFrom('mcp_login').where('version', '=', login.version).execute();
          continue;
        }
        // One that is being renewed is sealed again by that.
        const opened = login.claimed_until === null ? await open(login) : undefined;
        if (opened !== undefined) await update(opened);
      }
    },
  };
}
