import { join } from 'node:path';
import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import type { Row } from './table.ts';
import { compare, measureInTurns } from './turns.ts';

const VERIFICATIONS = 2000;

/** Verifications of a cached API key in a second: of this version, and of the one in another checkout, by turns. */
export async function compareVerification(checkout: string): Promise<Row> {
  const dist = join(checkout, 'packages', 'auth-core', 'dist');
  const other = (await import(join(dist, 'index.js'))) as { createAuth: typeof createAuth };
  const { createMemoryTokenStore: otherStore } = (await import(join(dist, 'index.js'))) as {
    createMemoryTokenStore: typeof createMemoryTokenStore;
  };
  const { llm: otherWords } = (await import(join(dist, 'llm', 'index.js'))) as { llm: typeof llm };
  const options = { digestKey: new Uint8Array(32).fill(7) };
  const present = await prepare(createAuth({ ...options, vocabulary: llm, store: createMemoryTokenStore() }));
  const past = await prepare(other.createAuth({ ...options, vocabulary: otherWords, store: otherStore() }));
  const rates = await measureInTurns({ present, past });
  return {
    what: 'verifications/s, API key, warm',
    ...compare(rates.present, rates.past),
    against: 'the former version',
  };
}

/** Measures how many verifications of one cached key a second runs. */
async function prepare(auth: Auth): Promise<() => Promise<number>> {
  const { token } = await auth.issue({ name: 'bench', grant: { actions: ['models:read'] } }, auth.operator());
  return async () => {
    const startedAt = performance.now();
    for (let count = 0; count < VERIFICATIONS; count += 1) await auth.verify(token);
    return (VERIFICATIONS * 1000) / (performance.now() - startedAt);
  };
}
