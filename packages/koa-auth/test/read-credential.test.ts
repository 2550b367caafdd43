import { describe, expect, it } from 'vitest';
import { readCredential } from '../src/index.ts';

const TOKEN = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
const read = (headers: Record<string, string[]>) =>
  readCredential({
    rawHeaders: Object.entries(headers).flatMap(([name, values]) => values.flatMap((value) => [name, value])),
  });
const malformed = expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' });

describe('readCredential', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer  ', 'Token'])('takes the scheme written as "%s"', (scheme) => {
    expect(read({ authorization: [`${scheme} ${TOKEN}`] })).toBe(TOKEN);
  });

  it.each(['Basic dXNlcjpwYXNz', 'Digest 0123', 'Bearerx y'])('finds no credential in "%s"', (authorization) => {
    expect(read({ authorization: [authorization] })).toBeUndefined();
  });

  it('finds none where there is none', () => {
    expect(read({})).toBeUndefined();
  });

  it('takes x-api-key beside another scheme', () => {
    expect(read({ authorization: ['Basic dXNlcjpwYXNz'], 'x-api-key': [TOKEN] })).toBe(TOKEN);
  });

  it('takes the same token in both headers', () => {
    expect(read({ authorization: [`Bearer ${TOKEN}`], 'x-api-key': [TOKEN] })).toBe(TOKEN);
  });

  it.each<[string, Record<string, string[]>]>([
    ['two tokens that differ', { authorization: [`Bearer ${TOKEN}`], 'x-api-key': [`${TOKEN}x`] }],
    ['Authorization twice', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }],
    ['x-api-key twice', { 'x-api-key': [TOKEN, TOKEN] }],
    ['two words', { authorization: [`Bearer ${TOKEN} more`] }],
    ['a control character', { authorization: ['Bearer a\u0000b'] }],
    ['a character beyond ASCII', { 'x-api-key': ['schlüssel'] }],
    ['more than 8 KiB', { authorization: [`Bearer ${'a'.repeat(8192)}`] }],
  ])('refuses %s', (_, headers) => {
    expect(() => read(headers)).toThrow(malformed);
  });

  it('never tells the credential in the error', () => {
    expect(() => read({ authorization: ['Bearer very secret'] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
