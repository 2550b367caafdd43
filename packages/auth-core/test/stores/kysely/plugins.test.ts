import { expect, it } from 'vitest';
import {
  createAuditLog,
  createAuth,
  createMeter,
  createSealer,
  defineVocabulary,
  type Principal,
} from '../../../src/index.ts';
import { createSigningKeys } from '../../../src/jwt/index.ts';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { fixedClock } from '../../../src/testing/index.ts';
import { PLUGINS } from '../../contract/places.ts';

const key = new Uint8Array(32).fill(1);
const vocabulary = defineVocabulary({ actions: ['pages:print'] });

async function admitted(caller: Principal, admit: (caller: Principal) => Promise<unknown>): Promise<number> {
  let count = 0;
  for (let attempt = 0; attempt < 4; attempt++)
    count += await admit(caller).then(
      () => 1,
      () => 0,
    );
  return count;
}

it.each(Object.entries(PLUGINS))('works beside the plugin %s: grants, limits, keys and the log', async (_, plugin) => {
  const database = openSqlite<unknown>(':memory:').withPlugin(plugin);
  const clock = fixedClock();
  await migrate(database, tokenMigrations, 'token_migrations');
  await migrate(database, tokenMigrations, 'token_migrations');
  const log = createAuditLog({ store: createKyselyAuditStore(database), key, clock });
  const store = createKyselyTokenStore(database);
  const auth = createAuth({ vocabulary, store, digestKey: key, audit: log.record, clock, cacheMilliseconds: 0 });
  const meter = createMeter({
    vocabulary,
    store: createKyselyLimitStore(database),
    clock,
    repeat: () => () => undefined,
  });
  const keys = createSigningKeys({ store: createKyselySigningKeyStore(database), sealer: createSealer(key), clock });
  const grant = { actions: ['pages:print'], limits: { requestsPerMinute: 2 } } as const;
  const { token, record } = await auth.issue({ name: 'ci', grant, project: 'web' }, auth.operator());
  const caller = await auth.verify(token);
  expect(auth.decide(caller, { action: 'pages:print' })).toMatchObject({ allowed: true });
  expect(await admitted(caller, meter.admit)).toBe(2);
  await auth.edit(record.id, { notes: 'seen' }, auth.operator());
  expect(await auth.show(record.id, auth.operator())).toMatchObject({ notes: 'seen', project: 'web', version: 2 });
  await auth.revoke(record.id, auth.operator());
  await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  expect((await keys.jwks()).keys).not.toEqual([]);
  expect(await log.verify()).toMatchObject({ intact: true, entries: 3 });
  await database.destroy();
});
