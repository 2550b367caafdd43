import { createLocalJWKSet } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAccessTokenVerifier, introspectionCheck } from '../../src/jwt/index.ts';
import { llm } from '../words.ts';
import { CHAT, createAccessBench, ELSEWHERE, goodClaims, ISSUER } from './access-bench.ts';

type Fetch = typeof globalThis.fetch;
const names = { issuer: ISSUER, audience: ELSEWHERE };

describe('another server', () => {
  it('learns from the token alone who presents it and what they may do', async () => {
    const { accessTokens, makePrincipal, verifier } = await createAccessBench();
    const by = await makePrincipal(CHAT, { owner: 'ada', project: 'web' });
    const grant = { actions: ['chat' as const], models: ['ibm/*'] };
    const { token, jti, expiresAt } = await accessTokens.issue(by, { grant, audience: ELSEWHERE });
    expect(await verifier.verify(token)).toEqual({
      id: jti,
      kind: 'access',
      name: 'ci-bot',
      owner: 'ada',
      project: 'web',
      rootId: by.id,
      tokenId: by.id,
      chain: [by.id, jti],
      authority: [
        { grant: CHAT, source: 'token ci-bot', id: by.id },
        { grant, source: 'access token of ci-bot', id: jti },
      ],
      expiresAt,
    });
  });

  it('is told that there is no token where there is none', async () => {
    const { verifier } = await createAccessBench();
    for (const text of [undefined, '']) {
      await expect(verifier.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_MISSING' });
    }
  });

  it('must know its own name and the name of the issuer', async () => {
    const { keys } = await createAccessBench();
    const jwks = await keys.jwks();
    for (const change of [
      { issuer: '' },
      { audience: '' },
      { audience: undefined as never },
      { issuer: [] as never },
    ]) {
      expect(() => createAccessTokenVerifier({ vocabulary: llm, jwks, ...names, ...change })).toThrow(TypeError);
    }
  });

  it('takes a function that finds keys, and denies when that cannot answer', async () => {
    const { keys, sign, clock } = await createAccessBench();
    const text = await sign(goodClaims());
    const found = createAccessTokenVerifier({
      vocabulary: llm,
      jwks: createLocalJWKSet(await keys.jwks()),
      ...names,
      clock,
    });
    await expect(found.verify(text)).resolves.toMatchObject({ owner: 'ada' });
    const jwks = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.1'));
    await expect(
      createAccessTokenVerifier({ vocabulary: llm, jwks, ...names, clock }).verify(text),
    ).rejects.toMatchObject({
      code: 'AUTH_STORE_UNAVAILABLE',
      message: expect.not.stringContaining('10.0.0.1'),
    });
  });

  it('denies when it cannot fetch the keys', async () => {
    const { sign, clock } = await createAccessBench();
    // No fetch speaks this protocol, so that nothing is sent anywhere.
    const jwks = new URL('file:///jwks.json');
    const { verify } = createAccessTokenVerifier({ vocabulary: llm, jwks, ...names, clock });
    await expect(verify(await sign(goodClaims()))).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });

  it('asks about each good token whether it was revoked, and about no other', async () => {
    const { keys, sign, clock } = await createAccessBench();
    const [text, expired] = [await sign(goodClaims()), await sign(goodClaims({ exp: 1 }))];
    const asked: string[] = [];
    const verifier = createAccessTokenVerifier({
      vocabulary: llm,
      jwks: await keys.jwks(),
      ...names,
      clock,
      isRevoked: async (token) => asked.push(token) > 2,
    });
    await verifier.verify(text);
    await verifier.verify(text);
    await expect(verifier.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    expect(asked).toEqual([text, text, text]);
    await expect(verifier.verify(expired)).rejects.toMatchObject({ code: 'AUTH_TOKEN_EXPIRED' });
    const key = 'sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d';
    await expect(verifier.verify(key)).rejects.toMatchObject({ code: 'AUTH_TOKEN_MALFORMED' });
    expect(asked).toHaveLength(3);
  });

  it('denies when nobody says that the token was not revoked', async () => {
    const { keys, sign, clock } = await createAccessBench();
    const text = await sign(goodClaims());
    const jwks = await keys.jwks();
    const failing = () => Promise.reject(new Error('down'));
    const verify = (isRevoked: () => Promise<boolean>) =>
      createAccessTokenVerifier({ vocabulary: llm, jwks, ...names, clock, isRevoked }).verify(text);
    await expect(verify(failing)).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    await expect(verify(async () => undefined as never)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });
});

describe('asking the issuer', () => {
  const url = 'https://latchkey.example/oauth/introspect';
  const answerWith =
    (body: string, status = 200): Fetch =>
    async () =>
      new Response(body, { status });
  const ask = (fetch: Fetch) => introspectionCheck({ url, token: 'own', fetch })('theirs');

  it('sends the token in a form, with its own credential, and follows nobody elsewhere', async () => {
    const sent: Request[] = [];
    const fetch: Fetch = async (input, init) => {
      sent.push(new Request(input, init));
      return new Response('{"active":true}');
    };
    expect(await ask(fetch)).toBe(false);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ url, method: 'POST', redirect: 'error' });
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer own');
    expect(sent[0]?.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
    expect(await sent[0]?.text()).toBe('token=theirs');
  });

  it('takes an inactive token for a revoked one', async () => {
    expect(await ask(answerWith('{"active":false}'))).toBe(true);
  });

  it.each([
    ['a status that is no success', answerWith('{"active":true}', 500)],
    ['a refusal', answerWith('{"active":true}', 401)],
    ['no JSON', answerWith('active')],
    ['a list', answerWith('[true]')],
    ['nothing about it', answerWith('{}')],
    ['a text', answerWith('{"active":"true"}')],
    ['no answer', (() => Promise.reject(new TypeError('fetch failed'))) as Fetch],
  ])('rejects at %s, so that nobody is let in', async (_, fetch) => {
    await expect(ask(fetch)).rejects.toThrow(/./);
  });
});
