import { describe, it } from 'vitest';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
} from '../../src/stores/kysely/index.ts';
import {
  auditStoreContract,
  limitStoreContract,
  signingKeyStoreContract,
  tokenStoreContract,
} from '../../src/testing/index.ts';
import { hostPlaces } from './places.ts';

describe.each(await hostPlaces())('in a database of a host: $name', ({ setUp }) => {
  describe('a token store', () => {
    const cases = tokenStoreContract(
      () => setUp((database, watch, names) => createKyselyTokenStore(database, { ...names, ...(watch && { watch }) })),
      { durable: true },
    );
    for (const { name, run } of cases) it(name, run);
  });

  describe('a limit store', () => {
    const cases = limitStoreContract(() => setUp((database, _, names) => createKyselyLimitStore(database, names)), {
      durable: true,
    });
    for (const { name, run } of cases) it(name, run);
  });

  describe('an audit store', () => {
    const cases = auditStoreContract(() => setUp((database, _, names) => createKyselyAuditStore(database, names)));
    for (const { name, run } of cases) it(name, run);
  });

  describe('a store of signing keys', () => {
    const cases = signingKeyStoreContract(() =>
      setUp((database, _, names) => createKyselySigningKeyStore(database, names)),
    );
    for (const { name, run } of cases) it(name, run);
  });
});
