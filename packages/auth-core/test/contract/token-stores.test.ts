import { describe, it } from 'vitest';
import { createMemoryTokenStore } from '../../src/index.ts';
import { createKyselyTokenStore } from '../../src/stores/kysely/index.ts';
import { type TokenStoreSetup, tokenStoreContract } from '../../src/testing/index.ts';
import { sqlPlaces } from './places.ts';

async function setUpMemory(): Promise<TokenStoreSetup> {
  const store = createMemoryTokenStore();
  return { open: async () => store, dispose: () => store.close() };
}

describe('a token store in memory', () => {
  for (const { name, run } of tokenStoreContract(setUpMemory)) it(name, run);
});

describe.each(await sqlPlaces())('a token store in $name', ({ setUp }) => {
  const cases = tokenStoreContract(
    () => setUp((database, watch) => createKyselyTokenStore(database, watch && { watch })),
    { durable: true },
  );
  for (const { name, run } of cases) it(name, run);
});
