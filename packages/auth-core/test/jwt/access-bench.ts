import { CompactSign } from 'jose';
import {
  type AuditEvent,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createMemoryTokenStore,
  createSealer,
  DEFAULT_AUTH_SETTINGS,
  type Grant,
} from '../../src/index.ts';
import {
  createAccessTokens,
  createAccessTokenVerifier,
  createMemorySigningKeyStore,
  createPersonalAccessTokenFormat,
  createSigningKeys,
} from '../../src/jwt/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { llm } from '../words.ts';

export const ISSUER = 'https://latchkey.example';
export const ELSEWHERE = 'https://reports.example';
export const CHAT: Grant = { actions: ['chat'], models: ['*'] };

/** A server that makes access tokens, and another one that takes them, both in the test's hands. */
export async function createAccessBench() {
  const digestKey = new Uint8Array(32).fill(3);
  const clock = fixedClock();
  const events: AuditEvent[] = [];
  const settings = { ...DEFAULT_AUTH_SETTINGS };
  const keyStore = createMemorySigningKeyStore();
  const keys = createSigningKeys({ store: keyStore, sealer: createSealer(digestKey), clock });
  const accessTokens = createAccessTokens({
    vocabulary: llm,
    keys,
    issuer: ISSUER,
    clock,
    settings: () => settings,
    audit: async (event) => {
      events.push(event);
    },
  });
  const auth = createAuth({
    vocabulary: llm,
    store: createMemoryTokenStore(),
    digestKey,
    clock,
    patterns: re2jsPatterns,
    settings: () => settings,
    formats: [
      createApiKeyFormat(llm),
      createPersonalAccessTokenFormat({ key: digestKey }),
      createAttenuatedFormat(llm),
      accessTokens.format,
    ],
  });
  const operator = auth.operator();
  const verifier = createAccessTokenVerifier({
    vocabulary: llm,
    jwks: await keys.jwks(),
    issuer: ISSUER,
    audience: ELSEWHERE,
    clock,
  });

  /** A token, and who presents it. */
  async function makePrincipal(grant: Grant = CHAT, details: object = {}) {
    const { token } = await auth.issue({ name: 'ci-bot', grant, ...details }, operator);
    return auth.verify(token);
  }

  /** Signs any bytes with the server's own key, as nobody else can. */
  async function sign(payload: string | object, header: object = {}): Promise<string> {
    const { kid, privateKey } = await keys.signer();
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header })
      .sign(privateKey);
  }

  return {
    accessTokens,
    auth,
    clock,
    digestKey,
    events,
    keys,
    keyStore,
    makePrincipal,
    operator,
    settings,
    sign,
    verifier,
  };
}

/** The claims of a token that any of these servers would take. */
export function goodClaims(change: object = {}): Record<string, unknown> {
  const now = Date.parse('2027-01-01T00:00:00Z') / 1000;
  return {
    iss: ISSUER,
    aud: [ISSUER, ELSEWHERE],
    sub: 'ada',
    client_id: 'AAAAAAAA',
    authorization_details: [{ type: 'latchkey_grant', grant: CHAT, source: 'token ci-bot', id: 'AAAAAAAA' }],
    latchkey: { parent: 'AAAAAAAA', chain: ['AAAAAAAA'], name: 'ci-bot' },
    jti: `at_${'a'.repeat(22)}`,
    iat: now,
    exp: now + 300,
    ...change,
  };
}
