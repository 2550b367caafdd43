import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReadCredentialOptions, readCredential } from '../../src/http/index.ts';
import { AuthError } from '../../src/index.ts';

const TOKEN = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
const read = (headers: Record<string, readonly string[]>, options?: ReadCredentialOptions) =>
  readCredential((name) => (Object.hasOwn(headers, name) ? (headers[name] ?? []) : []), options);
const malformed = expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' });
const basicOf = (text: string) => `Basic ${Buffer.from(text, 'utf8').toString('base64')}`;

describe('readCredential', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer  ', 'Bearer\t', 'Token', 'token', 'tOKEN'])(
    'takes the scheme written as "%s"',
    (scheme) => {
      expect(read({ authorization: [`${scheme} ${TOKEN}`] })).toBe(TOKEN);
    },
  );

  it('takes x-api-key, also beside another scheme', () => {
    expect(read({ 'x-api-key': [TOKEN] })).toBe(TOKEN);
    expect(read({ authorization: ['Digest username="a"'], 'x-api-key': [TOKEN] })).toBe(TOKEN);
  });

  it.each(['Bearerx y', 'Tokens y', 'Digest username="a"', 'Negotiate YII', TOKEN, ''])(
    'finds no credential in "%s"',
    (authorization) => {
      expect(read({ authorization: [authorization] }, { basic: true })).toBeUndefined();
    },
  );

  it('finds none where there is none', () => {
    expect(read({})).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ['Authorization', { authorization: '' }],
    ['Bearer', { authorization: 'Bearer' }],
    ['Token', { authorization: 'Token ' }],
    ['a password', { authorization: basicOf('user:') }],
    ['x-api-key', { 'x-api-key': '' }],
  ])('finds none in an empty %s, and the one beside it', (_, empty) => {
    const headers = Object.fromEntries(Object.entries(empty).map(([name, value]) => [name, [value]]));
    expect(read(headers, { basic: true })).toBeUndefined();
    const beside = 'x-api-key' in empty ? { authorization: [`Bearer ${TOKEN}`] } : { 'x-api-key': [TOKEN] };
    expect(read({ ...headers, ...beside }, { basic: true })).toBe(TOKEN);
  });

  it('takes the same token in both headers, and refuses two that differ', () => {
    expect(read({ authorization: [`Token ${TOKEN}`], 'x-api-key': [TOKEN] })).toBe(TOKEN);
    expect(() => read({ authorization: [`Token ${TOKEN}`], 'x-api-key': [`${TOKEN}x`] })).toThrow(malformed);
  });

  it.each<[string, Record<string, string[]>]>([
    ['Authorization twice', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }],
    ['Authorization twice in one line, as fetch joins it', { authorization: [`Bearer ${TOKEN}, Bearer ${TOKEN}`] }],
    ['x-api-key twice', { 'x-api-key': [TOKEN, TOKEN] }],
    ['x-api-key twice in one line', { 'x-api-key': [`${TOKEN}, ${TOKEN}`] }],
    ['another scheme twice', { authorization: ['Digest a', 'Digest b'], 'x-api-key': [TOKEN] }],
    ['two words', { authorization: [`Token ${TOKEN} more`] }],
    ['a control character', { authorization: ['Bearer a\u0000b'] }],
    ['a character beyond ASCII', { 'x-api-key': ['schlüssel'] }],
    ['more than 8 KiB', { authorization: [`Bearer ${'a'.repeat(8192)}`] }],
    ['more than 8 KiB of another scheme', { authorization: [`Digest ${'a'.repeat(8192)}`] }],
  ])('refuses %s', (_, headers) => {
    expect(() => read(headers)).toThrow(malformed);
  });

  it('never tells the credential in the error', () => {
    expect(() => read({ authorization: ['Bearer very secret'] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('readCredential with Basic', () => {
  const basic = true;

  it('is off by default: then there is no credential in it', () => {
    expect(read({ authorization: [basicOf(`user:${TOKEN}`)] })).toBeUndefined();
    expect(read({ authorization: [basicOf(`user:${TOKEN}`)], 'x-api-key': [TOKEN] })).toBe(TOKEN);
  });

  it.each(['user', '', 'Jürgen ☂', 'a b'])('takes the password, whoever "%s" is', (user) => {
    expect(read({ authorization: [basicOf(`${user}:${TOKEN}`)] }, { basic })).toBe(TOKEN);
  });

  it('takes the scheme in any case', () => {
    expect(read({ authorization: [basicOf(`u:${TOKEN}`).replace('Basic', 'bASIC')] }, { basic })).toBe(TOKEN);
  });

  it('ends the user name at the first colon, since tokens hold colons', () => {
    expect(read({ authorization: [basicOf('a:b:c')] }, { basic })).toBe('b:c');
  });

  it.each<[string, string]>([
    ['nothing', 'Basic'],
    ['no colon', basicOf(TOKEN.replace(':', ''))],
    ['a password with a blank', basicOf('user:two words')],
    ['a password beyond ASCII', basicOf('user:schlüssel')],
    ['no base64', 'Basic user:password'],
    ['base64 for URLs', `Basic ${Buffer.from('user:>>>>????').toString('base64url')}`],
    ['base64 without its padding', basicOf('user:token').replace(/=+$/, '')],
    ['base64 with bits left over', 'Basic dTp0b2tlbh=='],
    ['base64 with a blank', `${basicOf(`u:${TOKEN}`)} `],
    ['bytes that are no UTF-8', `Basic ${Buffer.from([0x75, 0xff, 0x3a, 0x74]).toString('base64')}`],
    ['Basic twice in one line', `${basicOf('u:t')}, ${basicOf('u:t')}`],
  ])('refuses %s', (_, authorization) => {
    expect(() => read({ authorization: [authorization] }, { basic })).toThrow(malformed);
  });

  it('refuses a password that differs from x-api-key', () => {
    expect(() => read({ authorization: [basicOf('u:one')], 'x-api-key': ['two'] }, { basic })).toThrow(malformed);
  });
});

describe('readCredential of anything', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `Bearer ${text}`),
    fc.string({ unit: 'binary' }).map(basicOf),
    fc.base64String().map((text) => `basic ${text}`),
  );

  it('gives visible ASCII, or nothing, or says that it is malformed', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 2 }), fc.array(value, { maxLength: 2 }), (authorization, apiKey) => {
        try {
          const credential = read({ authorization, 'x-api-key': apiKey }, { basic: true });
          expect(credential === undefined || /^[\x21-\x7e]{1,8192}$/.test(credential)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
          expect(error).toEqual(malformed);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
