import { expect, it, onTestFinished, vi } from 'vitest';
import { createAuth, createMemoryTokenStore } from '../../src/index.ts';

const digestKey = new Uint8Array(32).fill(1);

it.each([
  ['as on a page of http', { getRandomValues: () => undefined }],
  ['where there is no WebCrypto', undefined],
])('without crypto.subtle, %s, the reason is in the error, at once', async (_, crypto) => {
  vi.stubGlobal('crypto', crypto);
  onTestFinished(() => void vi.unstubAllGlobals());
  const reason = /crypto\.subtle is missing: browsers have it on https and localhost only/;
  expect(() => createAuth({ store: createMemoryTokenStore(), digestKey })).toThrow(reason);
});
