import { describe, expect, it } from 'vitest';
import { createRequestAuthenticator } from '../src/http/index.ts';
import {
  createAuditLog,
  createAuth,
  createMemoryAuditStore,
  createMemoryTokenStore,
  createMeter,
} from '../src/index.ts';
import { createKyselyTokenStore } from '../src/stores/kysely/index.ts';
import { openSqlite } from '../src/stores/sqlite/index.ts';
import { llm } from './words.ts';

const digestKey = new Uint8Array(32).fill(1);
const store = createMemoryTokenStore();
const wrong = (value: unknown) => value as never;

describe('a mistake at construction', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['createAuth without options', () => createAuth(wrong(undefined)), /createAuth.*'store' is missing/],
    ['createAuth without a store', () => createAuth(wrong({ digestKey })), /createAuth.*'store' is missing/],
    [
      'createAuth with another store',
      () => createAuth(wrong({ digestKey, store: {} })),
      /'store' has no method insert/,
    ],
    ['createAuth without a key', () => createAuth(wrong({ store })), /digestKey/],
    [
      'createAuth with a text as key',
      () => createAuth(wrong({ store, digestKey: 'x'.repeat(40) })),
      /digestKey.*no text/,
    ],
    [
      'createAuth with a short key',
      () => createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(31) }),
      /digestKey.*32 bytes/,
    ],
    ['createMeter without a store', () => createMeter(wrong({})), /createMeter.*'store' is missing/],
    ['createAuditLog without a store', () => createAuditLog(wrong({ key: digestKey })), /createAuditLog.*'store'/],
    ['createAuditLog with a text', () => createAuditLog(wrong({ store: createMemoryAuditStore(), key: 'x' })), /key/],
    ['createRequestAuthenticator without auth', () => createRequestAuthenticator(wrong({})), /'auth' is missing/],
  ])('is a TypeError that names it: %s', (_, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

describe('issue', () => {
  const auth = createAuth({ vocabulary: llm, store, digestKey });
  const input = { name: 'bot', grant: { actions: [] } };

  it.each(['metadata', 'prefix', 'grants'])('refuses the unknown option %s by its name', async (path) => {
    const asked = auth.issue(wrong({ ...input, [path]: 'x' }), auth.operator());
    await expect(asked).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path });
  });

  it('is a TypeError without a principal', async () => {
    await expect(auth.issue(input, wrong(undefined))).rejects.toThrow(TypeError);
  });
});

describe('a database on which no migration ran', () => {
  it('says which one to run', async () => {
    const database = openSqlite(':memory:');
    const auth = createAuth({ vocabulary: llm, store: createKyselyTokenStore(database), digestKey });
    const asked = auth.issue({ name: 'bot', grant: { actions: [] } }, auth.operator());
    const message = expect.stringContaining("migrate(database, tokenMigrations, 'token_migrations')");
    await expect(asked).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE', message });
    await database.destroy();
  });
});
