import { expect } from 'vitest';
import {
  type AuditEvent,
  type Auth,
  type AuthOptions,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  DEFAULT_AUTH_SETTINGS,
  type Grant,
  type Principal,
  type StoredTokenFormat,
  type TokenRecord,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';

export const code = (expected: string, evidence: object = {}) =>
  expect.objectContaining({ code: expected, ...evidence });

/** Personal access tokens in their plainest form, so that these tests know every text: `<id>-<secret>`. */
function plainFormat(): StoredTokenFormat {
  let minted = 0;
  return {
    type: 'stored',
    kind: 'personal-access',
    async mint({ id = `personal${++minted}`, expiresAt }) {
      const secret = `${++minted} until ${expiresAt?.toISOString() ?? 'ever'}`;
      return { id, secret, text: `${id}-${secret}`, stub: `stub of ${id}` };
    },
    parse(text) {
      const [, id, secret] = /^(personal\d+)-(.*)$/.exec(text) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}

/** An installation with every stored kind, whose store, clock, settings and audit the test has in its hands. */
export function createManagedAuth(options: Partial<AuthOptions> = {}) {
  const counting = createCountingStore();
  const clock = fixedClock();
  const events: AuditEvent[] = [];
  const settings = { ...DEFAULT_AUTH_SETTINGS };
  const formats = [
    createApiKeyFormat(llm),
    createCustomKeyFormat(llm),
    plainFormat(),
    createLegacyFormat(),
    createAttenuatedFormat(llm),
  ];
  const auth = createAuth({
    vocabulary: llm,
    store: counting.store,
    digestKey: new Uint8Array(32).fill(1),
    clock,
    formats,
    settings: () => settings,
    audit: async (event) => {
      events.push(event);
    },
    ...options,
  });
  const stored = async (id: string) => (await counting.inner.find(id)) as TokenRecord;
  return { ...counting, auth, operator: auth.operator(), clock, events, settings, stored };
}

/** Issues a token and says who presents it. */
export async function makePrincipal(auth: Auth, grant: Grant, details: object = {}): Promise<Principal> {
  const { token } = await auth.issue({ name: 'manager', grant, ...details }, auth.operator());
  return auth.verify(token);
}

/** Who presents a token that a holder derived, without the store, from that of `by`. */
export function attenuate(by: Principal, grant: Grant, id = `${by.id}.01`): Principal {
  return {
    ...by,
    id,
    kind: 'attenuated',
    chain: [...by.chain, id],
    authority: [...by.authority, { grant, source: 'caveat #1', id }],
  };
}
