import { sql } from 'kysely';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createImportedKeyFormat } from '../src/import/index.ts';
import { createAuditLog, createMemoryAuditStore, createMemoryTokenStore, InvalidTokenError } from '../src/index.ts';
import {
  createKyselyAuditStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../src/stores/kysely/index.ts';
import { openSqlite } from '../src/stores/sqlite/index.ts';

/*
 * A program may have two copies of the package: two versions, or an ES module beside a copy in a bundle. Here, parts of
 * one copy (the log, the stores, the formats) work in an `Auth` of the other one.
 */

const digestKey = new Uint8Array(32).fill(1);
const GRANT = { actions: ['usage:read'] } as const;

let other: typeof import('../src/index.ts');
beforeAll(async () => {
  vi.resetModules();
  other = await import('../src/index.ts');
  expect(other.InvalidTokenError).not.toBe(InvalidTokenError);
});

describe('parts of another copy of the package', () => {
  it('are a log that cannot be written: a revocation of all does not wait for it', async () => {
    const database = openSqlite<unknown>(':memory:');
    await migrate(database, tokenMigrations, 'token_migrations');
    const log = createAuditLog({ store: createKyselyAuditStore(database), key: digestKey });
    const auth = other.createAuth({ store: createKyselyTokenStore(database), digestKey, audit: log.record });
    const { token } = await auth.issue({ name: 'bot', owner: 'ada', grant: GRANT }, auth.operator());
    await sql`create trigger full before insert on audit_entries begin select raise(abort, 'full'); end`.execute(
      database,
    );
    expect(await auth.revokeAll({ owner: 'ada' }, auth.operator())).toMatchObject([{ stored: true }]);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    await sql`drop trigger full`.execute(database);
    await expect.poll(() => log.list({ type: 'tokens.revoked' })).toHaveLength(1);
    await auth.close();
    await database.destroy();
  });

  it('are a log that was tampered with: the refusal says so', async () => {
    const store = createMemoryAuditStore();
    await createAuditLog({ store, key: digestKey }).record({ type: 'made', actor: {} });
    const log = createAuditLog({ store, key: new Uint8Array(32).fill(2) });
    const auth = other.createAuth({
      store: createMemoryTokenStore(),
      digestKey,
      audit: (event) => log.record(event),
    });
    await expect(auth.issue({ name: 'bot', grant: GRANT }, auth.operator())).rejects.toMatchObject({
      code: 'AUTH_AUDIT_UNAVAILABLE',
      isTampered: true,
    });
  });

  it('are a format: what it refuses is refused in the words and with the work of its kind', async () => {
    const inner = createMemoryTokenStore();
    let reads = 0;
    const store = {
      ...inner,
      find: (id: string) => {
        reads++;
        return inner.find(id);
      },
    };
    const imported = createImportedKeyFormat({
      parse: (text) => {
        const [, id, secret] = /^old_([a-z]+)_(.+)$/.exec(text) ?? [];
        return id === undefined || secret === undefined ? undefined : { id, secret };
      },
      hash: { check: async (secret, hash) => hash === `hash of ${secret}`, example: 'hash of x' },
    });
    const auth = other.createAuth({ store, digestKey, formats: [other.createApiKeyFormat(), imported] });
    await imported.import(auth, { name: 'ada', id: 'ada', hash: 'hash of right', grant: GRANT }, auth.operator());
    const work: number[] = [];
    for (const text of ['old_ada_wrong', 'old_nobody_wrong']) {
      reads = 0;
      const refused = await auth.verify(text, { address: '10.0.0.1' }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(other.InvalidTokenError);
      expect(refused).toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      work.push(reads);
    }
    // What is refused is looked up twice, whether there is such a key or not.
    expect(work).toEqual([2, 2]);
    expect((await auth.verify('old_ada_right', { address: '10.0.0.1' })).name).toBe('ada');
  });
});
