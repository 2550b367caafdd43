import { describe, it } from 'vitest';
import { createMemorySigningKeyStore } from '../../src/jwt/index.ts';
import { createKyselySigningKeyStore } from '../../src/stores/kysely/index.ts';
import { type SigningKeyStoreSetup, signingKeyStoreContract } from '../../src/testing/index.ts';
import { sqlPlaces } from './places.ts';

async function setUpMemory(): Promise<SigningKeyStoreSetup> {
  const store = createMemorySigningKeyStore();
  return { open: async () => store, dispose: () => store.close() };
}

describe('a store of signing keys in memory', () => {
  for (const { name, run } of signingKeyStoreContract(setUpMemory)) it(name, run);
});

describe.each(await sqlPlaces())('a store of signing keys in $name', ({ setUp }) => {
  const cases = signingKeyStoreContract(() => setUp((database) => createKyselySigningKeyStore(database)));
  for (const { name, run } of cases) it(name, run);
});
