import { createMemoryTokenStore, createSealer } from '@latchkey/auth-core';
import { createMemorySigningKeyStore, createSigningKeys } from '@latchkey/auth-core/jwt';
import { SHARED_ACCOUNT } from '@latchkey/mcp-bridge';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { openTokens } from '../../src/state/open-tokens.ts';
import { createSubjectTokens } from '../../src/tools/mcp-subject-token.ts';

const ISSUER = 'https://here.example';
const AUTHORIZATION_SERVER = 'https://login.example';
const secret = new Uint8Array(32).fill(7);
const signingKeys = createMemorySigningKeyStore();
const keys = createSigningKeys({ store: signingKeys, sealer: createSealer(secret) });
const clock = () => new Date();
const subjectToken = createSubjectTokens(keys, ISSUER, clock);

describe('the token that says on whose behalf an authorization server is asked', () => {
  it.each([
    ['a user', 'mara', 'mara'],
    ['all who share a login', SHARED_ACCOUNT, ISSUER],
  ])('names %s, is for that server only, and is verified by the published keys', async (_, account, subject) => {
    const { token, type } = await subjectToken(account, AUTHORIZATION_SERVER);
    const published = createLocalJWKSet((await keys.jwks()) as never);
    const expected = { issuer: ISSUER, audience: AUTHORIZATION_SERVER, maxTokenAge: 60 };
    const { payload } = await jwtVerify(token, published, expected);
    expect(payload).toMatchObject({ sub: subject, jti: expect.any(String) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(type).toBe('urn:ietf:params:oauth:token-type:jwt');
    await expect(jwtVerify(token, published, { audience: 'https://other.example' })).rejects.toThrow('aud');
  });

  it('opens nothing here, even where it is addressed to this server', async () => {
    const { auth } = openTokens({
      store: createMemoryTokenStore(),
      signingKeys,
      secrets: [secret],
      issuer: ISSUER,
      settings: () => ({}) as never,
    });
    const { token } = await subjectToken('mara', ISSUER);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: expect.stringMatching(/^AUTH_TOKEN_/) });
  });

  it('is refused by a server that nobody can ask for its keys', async () => {
    const alone = createSubjectTokens(keys, undefined, clock);
    await expect(alone('mara', AUTHORIZATION_SERVER)).rejects.toThrow('publicUrl');
  });
});
