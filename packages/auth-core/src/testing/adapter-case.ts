import { createAuth } from '../auth.ts';
import { createMemoryTokenStore } from '../token/memory-token-store.ts';
import { type AdapterBench, type BenchOptions, vocabulary } from './adapter-bench.ts';

/** One case of the adapter contract: its name, its check, and what it asks of its server. */
export type Case = readonly [name: string, check: (bench: AdapterBench) => Promise<void>, options?: BenchOptions];

/** A token of the right shape that was never issued. */
export async function unknownToken(): Promise<string> {
  const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey: new Uint8Array(32) });
  return (await auth.issue({ name: 'elsewhere', grant: { actions: ['models:read'] } }, auth.operator())).token;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const whoami = { path: '/whoami' };
