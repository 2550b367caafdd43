import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import {
  auditStoreContract,
  type ContractCase,
  limitStoreContract,
  signingKeyStoreContract,
  tokenStoreContract,
} from '../../src/testing/index.ts';
import { startProgram } from '../stores/program.ts';
import { hardPlaces } from './hard-places.ts';
import { type SqlPlace, sourceOf } from './places.ts';

const durable = { durable: true };

function contractsIn({ setUp }: SqlPlace): Readonly<Record<string, readonly ContractCase[]>> {
  return {
    'a token store': tokenStoreContract(
      () => setUp((database, watch) => createKyselyTokenStore(database, watch && { watch })),
      durable,
    ),
    'a limit store': limitStoreContract(() => setUp((database) => createKyselyLimitStore(database)), durable),
    'an audit store': auditStoreContract(() => setUp((database) => createKyselyAuditStore(database))),
    'a store of signing keys': signingKeyStoreContract(() =>
      setUp((database) => createKyselySigningKeyStore(database)),
    ),
  };
}

describe.each(await hardPlaces())('$name', (place) => {
  describe.each(Object.entries(contractsIn(place)))('%s', (_, cases) => {
    for (const { name, run } of cases) it(name, run);
  });

  it('is migrated once by many processes that start at once', async () => {
    const setup = await place.setUp((database: Kysely<unknown>) => database);
    try {
      const programs = Array.from({ length: 6 }, () =>
        startProgram(`
          const { migrate, tokenMigrations } = await import(${sourceOf('stores/kysely/index.ts')});
          ${setup.program}
          console.log('ready');
          await new Promise((resolve) => process.stdin.once('data', resolve));
          await migrate(database, tokenMigrations, 'token_migrations');
          console.log('migrated');
          await database.destroy();
          process.exit();
        `),
      );
      for (const { nextLine } of programs) expect(await nextLine()).toBe('ready');
      for (const { go } of programs) go();
      for (const { nextLine } of programs) expect(await nextLine()).toBe('migrated');
      const database = await setup.open();
      await migrate(database, tokenMigrations, 'token_migrations');
      const { rows } = await sql`select name from token_migrations order by name`.execute(database);
      expect(rows).toEqual(Object.keys(tokenMigrations).map((name) => ({ name })));
    } finally {
      await setup.dispose();
    }
  });
});
