import type { ControlledTransaction, Kysely } from 'kysely';
import { describe, it } from 'vitest';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
} from '../../src/stores/kysely/index.ts';
import {
  auditStoreContract,
  type ContractCase,
  limitStoreContract,
  signingKeyStoreContract,
  tokenStoreContract,
} from '../../src/testing/index.ts';
import { type SqlPlace, sqlPlaces } from './places.ts';

/** Sets a store up in one transaction of the host, which is open all the time and rolled back in the end. */
async function inTransaction<Store>({ setUp }: SqlPlace, create: (transaction: Kysely<unknown>) => Store) {
  const { open, dispose } = await setUp((database: Kysely<unknown>) => database);
  const database = await open();
  const transaction: ControlledTransaction<unknown> = await database.startTransaction().execute();
  const store = create(transaction);
  return {
    open: async () => store,
    async dispose() {
      await transaction.rollback().execute();
      await dispose();
    },
  };
}

function contractsIn(place: SqlPlace): Readonly<Record<string, readonly ContractCase[]>> {
  return {
    'a token store': tokenStoreContract(() => inTransaction(place, createKyselyTokenStore)),
    'a limit store': limitStoreContract(() => inTransaction(place, createKyselyLimitStore)),
    'an audit store': auditStoreContract(() => inTransaction(place, createKyselyAuditStore)),
    'a store of signing keys': signingKeyStoreContract(() => inTransaction(place, createKyselySigningKeyStore)),
  };
}

/** After a statement that fails, PostgreSQL refuses everything in its transaction: the host has to roll it back. */
const BEYOND_ONE_TRANSACTION: ReadonlySet<string> = new Set([
  'writes nothing when one place is taken',
  'keeps the checkpoint of a batch, once',
  'changes nothing when there is nothing to trim, or no batch can be made',
]);

describe.each(await sqlPlaces())('inside a transaction of the host, in $name', (place) => {
  const goesOn = place.name === 'SQLite';
  describe.each(Object.entries(contractsIn(place)))('%s', (_, cases) => {
    for (const { name, run } of cases) if (goesOn || !BEYOND_ONE_TRANSACTION.has(name)) it(name, run);
  });
});
