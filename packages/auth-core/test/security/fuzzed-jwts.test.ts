import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvalidTokenError } from '../../src/index.ts';
import { makeEveryKind, setUpEveryKind } from './every-kind.ts';

const write = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** HMAC with the public key for its secret: what a verifier takes that lets the token choose the algorithm. */
async function signWith(publicKey: string, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(publicKey);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return Buffer.from(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))).toString('base64url');
}

it('a JWT that the server did not sign is nobody, whatever its header says about how to verify it', async () => {
  const installation = setUpEveryKind();
  const { auth, access, calls, keyCalls } = installation;
  const tokens = await makeEveryKind(installation);
  const [header, claims, signature = ''] = tokens.access.split('.');
  const [patHeader] = tokens['personal-access'].split('.');
  const { keys } = await access.jwks();
  const publicKey = JSON.stringify(keys[0]);
  const kid = read(header).kid;

  const headers = fc
    .record(
      {
        alg: fc.constantFrom('EdDSA', 'none', 'None', 'HS256', 'ES256', 'RS256', 'Ed25519', '', 1, null),
        typ: fc.constantFrom('at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', undefined),
        kid: fc.constantFrom(kid, '../../dev/null', "' OR 1=1 --", '', '__proto__', 7, undefined),
        jwk: fc.constant(keys[0]),
        jku: fc.constant('https://evil.example/jwks.json'),
        x5u: fc.constant('https://evil.example/cert.pem'),
        crit: fc.constantFrom(['b64'], []),
        b64: fc.constant(false),
      },
      { requiredKeys: ['alg', 'typ', 'kid'] },
    )
    .map(write);
  const changedClaims = fc
    .record(
      {
        sub: fc.constantFrom('operator', 'admin', '', 7),
        aud: fc.constantFrom('https://evil.example', [], ['https://latchkey.example']),
        exp: fc.constantFrom(9_999_999_999, 0, -1, '9999999999', null),
        latchkey: fc.constantFrom({ parent: 'AAAAAAAA', chain: ['AAAAAAAA'], name: 'x' }, {}, null),
        authorization_details: fc.constantFrom(
          [],
          [{ type: 'latchkey_grant', grant: { actions: ['*'] }, source: 'x' }],
        ),
        extra: fc.jsonValue({ maxDepth: 3 }),
      },
      { requiredKeys: [] },
    )
    .map((changed) => write({ ...read(claims), ...changed }));
  const texts = fc.record({
    header: fc.oneof(headers, fc.constantFrom(header, patHeader)),
    claims: fc.oneof({ weight: 3, arbitrary: changedClaims }, fc.constant(claims), fc.string().map(write)),
    signature: fc.constantFrom('right', 'empty', 'short', 'hmac', 'random'),
    bytes: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  });
  calls.length = 0;
  keyCalls.length = 0;
  await fc.assert(
    fc.asyncProperty(texts, async (parts) => {
      const signed = `${parts.header}.${parts.claims}`;
      const proofs = {
        right: () => signature,
        empty: () => '',
        short: () => signature.slice(0, 4),
        hmac: () => signWith(publicKey, signed),
        random: () => Buffer.from(parts.bytes).toString('base64url'),
      };
      const text = `${signed}.${await proofs[parts.signature]()}`;
      if (text === tokens.access) return;
      const error = await auth.verify(text).catch((reason: unknown) => reason);
      expect(error, text).toBeInstanceOf(InvalidTokenError);
    }),
    { numRuns: 15_000 },
  );
  // Nothing was read but, once, the keys: neither tokens nor what made-up ids of keys would find.
  expect(calls).toEqual([]);
  expect(keyCalls.length).toBeLessThanOrEqual(1);
  expect(await auth.verify(tokens.access)).toMatchObject({ kind: 'access' });
}, 60_000);
