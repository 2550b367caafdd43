import fc from 'fast-check';
import { base64url, CompactSign, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/index.ts';
import { createAccessTokens } from '../../src/jwt/index.ts';
import { llm } from '../words.ts';
import { CHAT, createAccessBench, ELSEWHERE, goodClaims, ISSUER } from './access-bench.ts';

type Bench = Awaited<ReturnType<typeof createAccessBench>>;

const NOW = Date.parse('2027-01-01T00:00:00Z') / 1000;

/** What the server that issues and another one make of a text. */
async function present({ accessTokens, clock, verifier }: Bench, text: string): Promise<string[]> {
  const context = { now: clock(), vocabulary: llm, idOfCommitment: async () => '', attenuationKeysOf: async () => [] };
  const attempts = [accessTokens.format.prove(text, context), verifier.verify(text)];
  return Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        () => 'accepted',
        (error) => (error instanceof AuthError ? error.code : `a bare ${error}`),
      ),
    ),
  );
}

const refused = (code: string) => [code, code];

describe('an access token that is', () => {
  it('what the server has signed is accepted, here and elsewhere', async () => {
    const bench = await createAccessBench();
    expect(await present(bench, await bench.sign(goodClaims()))).toEqual(['accepted', 'accepted']);
  });

  it('not signed at all is refused (alg none)', async () => {
    const bench = await createAccessBench();
    const { kid } = await bench.keys.signer();
    const [, payload] = new UnsecuredJWT(goodClaims()).encode().split('.');
    const header = base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid }));
    for (const text of [`${header}.${payload}.`, `${header}.${payload}.AAAA`]) {
      expect(await present(bench, text)).toEqual(expect.not.arrayContaining(['accepted']));
    }
  });

  it('signed with the public key as a shared secret is refused (HS256)', async () => {
    const bench = await createAccessBench();
    const { kid, publicJwk } = await bench.keys.signer();
    for (const secret of [
      base64url.decode('x' in publicJwk ? publicJwk.x : ''),
      new TextEncoder().encode(JSON.stringify(publicJwk)),
    ]) {
      const text = await new CompactSign(new TextEncoder().encode(JSON.stringify(goodClaims())))
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
        .sign(secret);
      expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
    }
  });

  it('signed by somebody else under an id of ours is refused', async () => {
    const bench = await createAccessBench();
    const { kid } = await bench.keys.signer();
    const { privateKey } = await generateKeyPair('EdDSA');
    const text = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
      .sign(privateKey);
    expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
  });

  it('signed with a key that we do not have, or that it brings along, is refused', async () => {
    const bench = await createAccessBench();
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const sign = (header: object) =>
      new SignJWT(goodClaims()).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...header }).sign(privateKey);
    const { kid } = await bench.keys.signer();
    expect(await present(bench, await sign({ kid: 'A'.repeat(43) }))).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
    for (const header of [{}, { kid, jwk }, { jwk }, { kid, jku: 'https://evil.example' }, { kid: 7 }]) {
      expect(await present(bench, await sign(header))).toEqual(refused('AUTH_TOKEN_MALFORMED'));
    }
  });

  it('signed by us without saying by which key, or with more in its header, is refused', async () => {
    const bench = await createAccessBench();
    for (const header of [{ kid: undefined }, { cty: 'JWT' }, { x5u: 'https://evil.example' }]) {
      expect(await present(bench, await bench.sign(goodClaims(), header))).toEqual(refused('AUTH_TOKEN_MALFORMED'));
    }
  });

  it('of another type is refused, however it is signed', async () => {
    const bench = await createAccessBench();
    for (const typ of ['JWT', 'id+jwt', 'logout+jwt', '']) {
      const text = await bench.sign(goodClaims(), { typ });
      expect(bench.accessTokens.format.matches(text)).toBe(false);
      expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
    }
  });

  it('expired is refused in the second in which it ends', async () => {
    const bench = await createAccessBench();
    const text = await bench.sign(goodClaims());
    bench.clock.advance(299_999);
    expect(await present(bench, text)).toEqual(['accepted', 'accepted']);
    bench.clock.advance(1);
    expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_EXPIRED'));
  });

  it('of the future is refused, but for a minute between clocks', async () => {
    const bench = await createAccessBench();
    const future = (claims: object) => bench.sign(goodClaims({ exp: NOW + 3600, ...claims }));
    expect(await present(bench, await future({ iat: NOW + 60 }))).toEqual(['accepted', 'accepted']);
    expect(await present(bench, await future({ iat: NOW + 61 }))).toEqual(refused('AUTH_TOKEN_NOT_YET_VALID'));
    expect(await present(bench, await future({ nbf: NOW + 1 }))).toEqual(refused('AUTH_TOKEN_NOT_YET_VALID'));
  });

  it('by another issuer, for nobody or for others is refused', async () => {
    const bench = await createAccessBench();
    const foreign = await bench.sign(goodClaims({ iss: 'https://evil.example' }));
    expect(await present(bench, foreign)).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
    for (const aud of ['https://evil.example', [], [`${ISSUER}/`]]) {
      expect(await present(bench, await bench.sign(goodClaims({ aud })))).toEqual(refused('AUTH_TOKEN_WRONG_AUDIENCE'));
    }
    expect(await present(bench, await bench.sign(goodClaims({ aud: undefined })))).toEqual(
      refused('AUTH_TOKEN_UNKNOWN'),
    );
  });

  it('by an issuer of the same keys but another name is refused', async () => {
    const bench = await createAccessBench();
    const issuer = 'https://staging.example';
    const staging = createAccessTokens({ vocabulary: llm, keys: bench.keys, issuer, clock: bench.clock });
    const { token } = await staging.issue(await bench.makePrincipal(), { audience: [ISSUER, ELSEWHERE] });
    expect(await present(bench, token)).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
  });

  it('changed after it was signed is refused, wherever', async () => {
    const bench = await createAccessBench();
    const text = await bench.sign(goodClaims());
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'AQgw-_.=1'), async (place, character) => {
        fc.pre(text[place] !== character);
        const changed = text.slice(0, place) + character + text.slice(place + 1);
        expect(await present(bench, changed)).toEqual(expect.not.arrayContaining(['accepted']));
      }),
      { numRuns: 500 },
    );
  });

  it('written in another way is refused, also where it means the same bytes', async () => {
    const bench = await createAccessBench();
    const text = await bench.sign(goodClaims());
    // The last character of 64 bytes in base64url has four bits that mean nothing.
    const last = { A: 'B', Q: 'R', g: 'h', w: 'x' }[text.at(-1) ?? ''];
    expect(last).toBeDefined();
    expect(await present(bench, `${text.slice(0, -1)}${last}`)).toEqual(refused('AUTH_TOKEN_MALFORMED'));
    expect(await present(bench, `${text}==`)).toEqual(refused('AUTH_TOKEN_MALFORMED'));
  });

  it('signed by us with one claim twice is refused', async () => {
    const bench = await createAccessBench();
    const text = JSON.stringify(goodClaims());
    const twice = [
      text.replace('{', '{"sub":"grace",'),
      text.replace('"latchkey":{', '"latchkey":{"parent":"BBBBBBBB",'),
      text.replace('{"actions"', '{"actions":["*"],"actions"'),
      text.replace('{', '{ '),
    ];
    for (const payload of twice) {
      expect(await present(bench, await bench.sign(payload))).toEqual(refused('AUTH_TOKEN_MALFORMED'));
    }
  });

  it('signed by us with a field of its header twice is refused', async () => {
    const bench = await createAccessBench();
    const { kid, privateKey } = await bench.keys.signer();
    const header = base64url.encode(`{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"${kid}"}`);
    const payload = base64url.encode(JSON.stringify(goodClaims()));
    const bytes = new TextEncoder().encode(`${header}.${payload}`);
    const signature = base64url.encode(new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes)));
    const text = `${header}.${payload}.${signature}`;
    expect(bench.accessTokens.format.matches(text)).toBe(false);
    expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_MALFORMED'));
  });

  it.each([
    ['no grant', { authorization_details: undefined }],
    ['an empty list of grants', { authorization_details: [] }],
    ['a grant of a type that nobody knows', detail({ type: 'payment' })],
    ['a grant with an action that nobody knows', detail({ grant: { actions: ['fly'] } })],
    ['a grant that is a list', detail({ grant: [] })],
    ['a grant with a further field', detail({ locations: ['https://evil.example'] })],
    ['a grant by nobody', detail({ source: '' })],
    ['a grant whose id is no text', detail({ id: 7 })],
    ['a second grant that is none', { authorization_details: [...goodDetails(), 'all'] }],
    ['no owner', { sub: '' }],
    ['an id with a colon', { jti: 'local:operator' }],
    ['the id of a stored token', { jti: 'AAAAAAAA' }],
    ['another client than its parent', { client_id: 'BBBBBBBB' }],
    ['nothing of ours', { latchkey: undefined }],
    ['a parent outside of its chain', { client_id: 'BBBBBBBB', latchkey: { ...goodLatchkey(), parent: 'BBBBBBBB' } }],
    ['a chain of numbers', { latchkey: { ...goodLatchkey(), chain: ['AAAAAAAA', 7] } }],
    ['no name', { latchkey: { ...goodLatchkey(), name: undefined } }],
    ['a project that is no text', { latchkey: { ...goodLatchkey(), project: 7 } }],
    ['an end that no date can hold', { exp: 1e300 }],
    ['an end between two seconds', { exp: NOW + 0.5 }],
  ])('signed by us with %s is refused', async (_, change) => {
    const bench = await createAccessBench();
    const text = await bench.sign(goodClaims(change));
    expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_MALFORMED'));
  });

  it.each([
    ['no beginning', { iat: undefined }],
    ['no end', { exp: undefined }],
    ['an end that is a text', { exp: '9999999999' }],
    ['a beginning that is a text', { iat: '0' }],
  ])('signed by us with %s is refused', async (_, change) => {
    const bench = await createAccessBench();
    expect(await present(bench, await bench.sign(goodClaims(change)))).toEqual(refused('AUTH_TOKEN_UNKNOWN'));
  });

  it('made of a token that there is not is refused where it was issued', async () => {
    const { auth, sign } = await createAccessBench();
    await expect(auth.verify(await sign(goodClaims()))).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });
});

describe('a text that is no access token', () => {
  it('never crashes, and never lets anybody in', async () => {
    const bench = await createAccessBench();
    const good = await bench.sign(goodClaims());
    const [header = '', payload = '', signature = ''] = good.split('.');
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.json({ maxDepth: 2 }).map((text) => base64url.encode(text)),
      fc.constantFrom(header, payload, signature, '', `${header}=`, base64url.encode('{"typ":"at+jwt"}')),
    );
    const texts = fc.oneof(
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 9, arbitrary: fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')) },
    );
    let matching = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        fc.pre(text !== good);
        if (bench.accessTokens.format.matches(text)) matching++;
        const answers = await present(bench, text);
        for (const answer of answers) expect(answer).toMatch(/^AUTH_TOKEN_(MALFORMED|UNKNOWN|MISSING)$/);
      }),
      { numRuns: 10_000 },
    );
    expect(matching).toBeGreaterThan(20);
  });

  it('is one that is too long, before anything is read', async () => {
    const bench = await createAccessBench();
    const text = await bench.sign(goodClaims({ sub: 'a'.repeat(8000) }));
    expect(bench.accessTokens.format.matches(text)).toBe(false);
    expect(await present(bench, text)).toEqual(refused('AUTH_TOKEN_MALFORMED'));
  });
});

function goodDetails(): object[] {
  return [{ type: 'latchkey_grant', grant: CHAT, source: 'token ci-bot', id: 'AAAAAAAA' }];
}

function detail(change: object) {
  return { authorization_details: goodDetails().map((entry) => ({ ...entry, ...change })) };
}

function goodLatchkey() {
  return { parent: 'AAAAAAAA', chain: ['AAAAAAAA'], name: 'ci-bot' };
}
