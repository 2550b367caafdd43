import {
  type AuditEvent,
  type AuthOptions,
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  createPlaceBoundFormat,
  createSealer,
  DEFAULT_AUTH_SETTINGS,
  type Grant,
  type StoredTokenKind,
  type TokenKind,
} from '../../src/index.ts';
import {
  createAccessTokens,
  createMemorySigningKeyStore,
  createPersonalAccessTokenFormat,
  createSigningKeys,
} from '../../src/jwt/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';

export const digestKey = new Uint8Array(32).fill(7);
export const ISSUER = 'https://latchkey.example';
export const GRANT: Grant = { actions: ['chat', 'embeddings'], models: ['*'] };
export const CHAT: Grant = { actions: ['chat'], models: ['ibm/*'] };
/** A custom key that is strong enough to be taken. */
export const CUSTOM_TEXT = 'wZ4qT9xLr7Vb2NcK8sHd';

/** An installation that serves every kind of token, over stores that note each look into them. */
export function setUpEveryKind(options: Partial<AuthOptions> = {}) {
  const counting = createCountingStore();
  const keyStore = createMemorySigningKeyStore();
  const keyCalls: string[] = [];
  const clock = fixedClock();
  const events: AuditEvent[] = [];
  const settings = { ...DEFAULT_AUTH_SETTINGS, kinds: { ...DEFAULT_AUTH_SETTINGS.kinds, 'place-bound': true } };
  const keys = createSigningKeys({
    store: {
      ...keyStore,
      list: () => {
        keyCalls.push('list');
        return keyStore.list();
      },
    },
    sealer: createSealer(digestKey),
    clock,
  });
  const audit = async (event: AuditEvent) => void events.push(event);
  const access = createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, clock, settings: () => settings, audit });
  const auth = createAuth({
    vocabulary: llm,
    store: counting.store,
    digestKey,
    clock,
    settings: () => settings,
    audit,
    formats: [
      createApiKeyFormat(llm),
      createPersonalAccessTokenFormat({ key: digestKey }),
      createLegacyFormat(),
      createPlaceBoundFormat(llm),
      access.format,
      createAttenuatedFormat(llm),
      // Any text that no other kind claims may be one.
      createCustomKeyFormat(llm),
    ],
    ...options,
  });
  return { ...counting, auth, operator: auth.operator(), access, keys, keyStore, keyCalls, clock, events, settings };
}

export type EveryKind = ReturnType<typeof setUpEveryKind>;

/** A token of each kind: the five that are stored, and the two that were derived from the API key among them. */
export async function makeEveryKind({ auth, operator, access }: EveryKind, details: object = {}) {
  const issue = async (kind: StoredTokenKind, more: object = {}) =>
    (await auth.issue({ name: `the ${kind}`, kind, grant: GRANT, ...details, ...more }, operator)).token;
  const apiKey = await issue('api-key');
  const tokens: Record<TokenKind, string> = {
    'api-key': apiKey,
    custom: await issue('custom', { secret: CUSTOM_TEXT }),
    'personal-access': await issue('personal-access'),
    legacy: await issue('legacy'),
    'place-bound': await issue('place-bound'),
    access: (await access.issue(await auth.verify(apiKey), { grant: CHAT })).token,
    attenuated: await attenuateToken(llm, apiKey, CHAT),
  };
  return tokens;
}

/** What of a token must never be seen anywhere but in the hands of its holder. */
export function secretOf(kind: TokenKind, text: string): string {
  if (kind === 'api-key') return text.slice(-20);
  if (kind === 'legacy' || kind === 'place-bound') return text.slice(-30);
  // The other parts of a JWT and of an attenuated token prove nothing.
  return kind === 'custom' ? text : text.slice(text.lastIndexOf('.') + 1);
}
