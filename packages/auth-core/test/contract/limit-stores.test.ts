import { describe, it } from 'vitest';
import { createMemoryLimitStore } from '../../src/index.ts';
import { createKyselyLimitStore } from '../../src/stores/kysely/index.ts';
import { type LimitStoreSetup, limitStoreContract } from '../../src/testing/index.ts';
import { sqlPlaces } from './places.ts';

async function setUpMemory(): Promise<LimitStoreSetup> {
  const store = createMemoryLimitStore();
  return { open: async () => store, dispose: () => store.close() };
}

describe('a limit store in memory', () => {
  for (const { name, run } of limitStoreContract(setUpMemory)) it(name, run);
});

describe.each(await sqlPlaces())('a limit store in $name', ({ setUp }) => {
  const cases = limitStoreContract(() => setUp((database) => createKyselyLimitStore(database)), { durable: true });
  for (const { name, run } of cases) it(name, run);
});
