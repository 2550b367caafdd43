import { expect } from 'vitest';
import {
  type AuditEvent,
  type AuthOptions,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  DEFAULT_AUTH_SETTINGS,
  type Grant,
  type TokenKind,
  type TokenRecord,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';

export const digestKey = new Uint8Array(32).fill(1);
export const GRANT: Grant = { actions: ['chat', 'embeddings'], models: ['*'] };
export const CHAT: Grant = { actions: ['chat'], models: ['ibm/*'] };

export const code = (expected: string) => expect.objectContaining({ code: expected });

/** Every kind but the JWTs, over a store that counts; with a token that has been issued. */
export async function setUpVerification(options: Partial<AuthOptions> = {}) {
  const counting = createCountingStore();
  const clock = fixedClock();
  const events: AuditEvent[] = [];
  const off = new Set<TokenKind>();
  const auth = createAuth({
    vocabulary: llm,
    store: counting.store,
    digestKey,
    clock,
    formats: [createCustomKeyFormat(llm), createApiKeyFormat(llm), createLegacyFormat(), createAttenuatedFormat(llm)],
    settings: () => ({
      ...DEFAULT_AUTH_SETTINGS,
      kinds: { ...DEFAULT_AUTH_SETTINGS.kinds, ...Object.fromEntries([...off].map((kind) => [kind, false])) },
    }),
    audit: async (event) => void events.push(event),
    ...options,
  });
  const { token, record } = await auth.issue({ name: 'ci-bot', grant: GRANT }, auth.operator());
  const { inner, calls } = counting;

  /** Changes a stored token behind the server's back, as another process does. */
  async function changeElsewhere(id: string, changes: Partial<TokenRecord>): Promise<void> {
    const current = await inner.find(id);
    if (current === undefined) throw new Error('there is no such token');
    await inner.update({ ...current, ...changes, version: current.version + 1 }, current.version);
  }

  calls.length = 0;
  events.length = 0;
  return { ...counting, clock, events, off, auth, token, record, changeElsewhere };
}
