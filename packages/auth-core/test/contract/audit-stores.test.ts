import { describe, it } from 'vitest';
import { createMemoryAuditStore } from '../../src/index.ts';
import { createKyselyAuditStore } from '../../src/stores/kysely/index.ts';
import { type AuditStoreSetup, auditStoreContract } from '../../src/testing/index.ts';
import { sqlPlaces } from './places.ts';

async function setUpMemory(): Promise<AuditStoreSetup> {
  const store = createMemoryAuditStore();
  return { open: async () => store, dispose: () => store.close() };
}

describe('an audit store in memory', () => {
  for (const { name, run } of auditStoreContract(setUpMemory)) it(name, run);
});

describe.each(await sqlPlaces())('an audit store in $name', ({ setUp }) => {
  const cases = auditStoreContract(() => setUp((database) => createKyselyAuditStore(database)));
  for (const { name, run } of cases) it(name, run);
});
