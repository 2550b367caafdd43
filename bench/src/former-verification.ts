import { join } from 'node:path';
import { type Auth, createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import type { Row } from './table.ts';
import { compare, measureInTurns } from './turns.ts';

const VERIFICATIONS = 2000;

/** Verifications of a cached API key in a second: of this version, and of the one in another checkout, by turns. */
export async function compareVerification(checkout: string): Promise<Row> {
  const other = (await import(join(checkout, 'packages', 'auth-core', 'dist', 'index.js'))) as Pick<
    typeof import('@latchkey/auth-core'),
    'createAuth' | 'createMemoryTokenStore'
  >;
  const digestKey = new Uint8Array(32).fill(7);
  const present = await prepare(createAuth({ digestKey, store: createMemoryTokenStore() }));
  const past = await prepare(other.createAuth({ digestKey, store: other.createMemoryTokenStore() }));
  const rates = await measureInTurns({ present, past });
  return {
    what: 'verifications/s, API key, warm',
    ...compare(rates.present, rates.past),
    against: 'the former version',
  };
}

/** Measures how many verifications of one cached key a second runs. Every version knows the action. */
async function prepare(auth: Auth): Promise<() => Promise<number>> {
  const { token } = await auth.issue({ name: 'bench', grant: { actions: ['usage:read'] } }, auth.operator());
  return async () => {
    const startedAt = performance.now();
    for (let count = 0; count < VERIFICATIONS; count += 1) await auth.verify(token);
    return (VERIFICATIONS * 1000) / (performance.now() - startedAt);
  };
}
