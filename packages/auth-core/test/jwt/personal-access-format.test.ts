import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAuth, createMemoryTokenStore } from '../../src/index.ts';
import { createPersonalAccessTokenFormat, readPersonalAccessTokenId } from '../../src/jwt/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { deriveKey } from '../../src/token/derive-key.ts';
import { llm } from '../words.ts';

const key = new Uint8Array(32).fill(7);
const format = createPersonalAccessTokenFormat({ key });
const issuedAt = new Date('2027-01-01T00:00:00.900Z');
const expiresAt = new Date('2027-04-01T00:00:00.900Z');
const grant = { actions: ['chat' as const], models: ['*'] };

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const claims = { token_type: 'refresh', exp: 1, iat: 0, jti: `${'a'.repeat(12)}.${'b'.repeat(22)}`, sub: 'ada' };
const header = encode('{"alg":"HS256","typ":"JWT"}');
const signature = 'A'.repeat(43);

describe('a personal access token', () => {
  it("is a JWT with the claims of Label Studio's refresh tokens", async () => {
    const { id, text } = await format.mint({ owner: 'ada', issuedAt, expiresAt });
    expect(decodeProtectedHeader(text)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(decodeJwt(text)).toEqual({
      token_type: 'refresh',
      exp: 1806537600,
      iat: 1798761600,
      jti: expect.stringMatching(new RegExp(`^${id}\\.[A-Za-z0-9]{22}$`)),
      sub: 'ada',
    });
  });

  it('tells its end to whoever takes it apart with nothing but base64url and JSON', async () => {
    const { text } = await format.mint({ owner: 'ada', issuedAt, expiresAt });
    const [, payload = ''] = text.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ exp: 1806537600 });
  });

  it('is signed so that whoever knows the key may check it', async () => {
    const { text } = await format.mint({ owner: 'ada', issuedAt, expiresAt });
    const options = { currentDate: issuedAt };
    await expect(jwtVerify(text, await deriveKey(key, 'personal access tokens'), options)).resolves.toBeDefined();
    await expect(jwtVerify(text, key, options)).rejects.toThrow('signature');
  });

  it('names no end where it has none', async () => {
    const { text } = await format.mint({ owner: 'ada', issuedAt });
    expect(decodeJwt(text)).not.toHaveProperty('exp');
    expect(format.parse(text)).toBeDefined();
  });

  it('is read as what was minted, whoever the owner is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), async (owner) => {
        const { id, secret, text } = await format.mint({ owner, issuedAt, expiresAt });
        expect(format.parse(text)).toEqual({ id, secret });
        expect(secret).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it('gets another text each time, and keeps its id where it has one', async () => {
    const first = await format.mint({ owner: 'ada', issuedAt, expiresAt });
    const { id = '' } = first;
    const second = await format.mint({ id, owner: 'ada', issuedAt, expiresAt });
    expect(second.id).toBe(id);
    expect(second.text).not.toBe(first.text);
  });

  it('has a stub that shows the claims, names the id, and is no token', async () => {
    const { id, text, stub = '' } = await format.mint({ owner: 'ada', issuedAt, expiresAt });
    expect(text.startsWith(`${stub}.`)).toBe(true);
    expect(decodeJwt(`${stub}.`).sub).toBe('ada');
    expect(readPersonalAccessTokenId(stub)).toBe(id);
    expect(readPersonalAccessTokenId(text)).toBe(id);
    expect(format.parse(stub)).toBeUndefined();
  });

  it('is not made for an owner whose name does not fit', async () => {
    await expect(format.mint({ owner: 'a'.repeat(2000), issuedAt })).rejects.toMatchObject({
      code: 'AUTH_INPUT_INVALID',
      path: 'owner',
    });
  });

  it('needs a key of 32 bytes', () => {
    expect(() => createPersonalAccessTokenFormat({ key: new Uint8Array(31) })).toThrow(TypeError);
  });

  it.each([
    ['another algorithm', `${encode('{"alg":"HS512","typ":"JWT"}')}.${encode(claims)}.${signature}`],
    ['no algorithm', `${encode('{"alg":"none","typ":"JWT"}')}.${encode(claims)}.${signature}`],
    [
      'a further field in the header',
      `${encode('{"alg":"HS256","typ":"JWT","kid":"a"}')}.${encode(claims)}.${signature}`,
    ],
    ['a further claim', `${header}.${encode({ ...claims, admin: true })}.${signature}`],
    ['the type of an access token', `${header}.${encode({ ...claims, token_type: 'access' })}.${signature}`],
    ['an end that is no number', `${header}.${encode({ ...claims, exp: '1' })}.${signature}`],
    ['a beginning that is no whole number', `${header}.${encode({ ...claims, iat: 0.5 })}.${signature}`],
    ['no beginning', `${header}.${encode({ ...claims, iat: undefined })}.${signature}`],
    ['no owner', `${header}.${encode({ ...claims, sub: '' })}.${signature}`],
    ['an id of another shape', `${header}.${encode({ ...claims, jti: 'a.b' })}.${signature}`],
    ['claims that are a list', `${header}.${encode([claims])}.${signature}`],
    ['claims that are no JSON', `${header}.${encode('{')}.${signature}`],
    ['claims with a byte order mark', `${header}.${encode(`\ufeff${JSON.stringify(claims)}`)}.${signature}`],
    ['claims padded', `${header}.${encode(claims)}=.${signature}`],
    ['a signature with bits that mean nothing', `${header}.${encode(claims)}.${'A'.repeat(42)}B`],
    ['a short signature', `${header}.${encode(claims)}.${'A'.repeat(42)}`],
    ['a fourth part', `${header}.${encode(claims)}.${signature}.${signature}`],
    ['too many characters', `${header}.${encode({ ...claims, sub: 'a'.repeat(2000) })}.${signature}`],
  ])('is none with %s', (_, text) => {
    expect(format.parse(`${header}.${encode(claims)}.${signature}`)).toBeDefined();
    expect(format.parse(text)).toBeUndefined();
  });

  it('is issued, verified, listed by its stub, given a new secret and revoked like every stored kind', async () => {
    const clock = fixedClock();
    const auth = createAuth({
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey: key,
      formats: [format],
      clock,
    });
    const operator = auth.operator();
    const { token, record } = await auth.issue({ name: 'laptop', kind: 'personal-access', grant }, operator);
    const principal = await auth.verify(token);
    expect(principal).toMatchObject({ id: record.id, kind: 'personal-access', expiresAt: record.expiresAt });
    expect(decodeJwt(token).exp).toBe(Date.parse(record.expiresAt ?? '') / 1000);
    expect(await auth.list(operator)).toMatchObject([{ stub: token.slice(0, token.lastIndexOf('.')) }]);

    const rotated = await auth.rotate(record.id, {}, operator);
    expect(readPersonalAccessTokenId(rotated.token)).toBe(record.id);
    await expect(auth.verify(rotated.token)).resolves.toMatchObject({ id: record.id });

    // Rightly signed, by whoever has the key, and yet no token: it is not the text that was issued.
    const forged = await format.mint({ id: record.id, owner: 'ada', issuedAt, expiresAt });
    await expect(auth.verify(forged.text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });

    await auth.revoke(record.id, operator);
    await expect(auth.verify(rotated.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    await auth.close();
  });
});
