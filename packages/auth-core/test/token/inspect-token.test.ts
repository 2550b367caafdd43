import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attenuateToken, createLegacyFormat, inspectToken } from '../../src/index.ts';
import { toBase64url } from '../../src/token/base64url.ts';
import { llm } from '../words.ts';

const API_KEY = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
const CUSTOM_KEY = 'kT7-wQ2/zN9_bR4+mV6p';
const encode = (value: unknown) => toBase64url(new TextEncoder().encode(JSON.stringify(value)));
const jwt = (header: object, claims: object) => `${encode(header)}.${encode(claims)}.c2lnbmF0dXJl`;

describe('what a token says of itself', () => {
  it('is the kind and the id of an API key and of a legacy token', async () => {
    expect(inspectToken(API_KEY, llm)).toEqual({ kind: 'api-key', id: 'AAAAAAAA' });
    const { id, text } = await createLegacyFormat().mint({ owner: 'ada', issuedAt: new Date(0) });
    expect(inspectToken(text, llm)).toEqual({ kind: 'legacy', id });
  });

  it('is no id for a custom key', () => {
    expect(inspectToken(CUSTOM_KEY, llm)).toEqual({ kind: 'custom' });
  });

  it('is the id, the claims and the end of a personal access token', () => {
    const claims = { token_type: 'refresh', exp: 1_800_000_000, iat: 1, jti: 'aB3dE5gHiJ1k.xyz', sub: 'ada' };
    const expected = { kind: 'personal-access', id: 'aB3dE5gHiJ1k', claims, expiresAt: '2027-01-15T08:00:00.000Z' };
    expect(inspectToken(jwt({ alg: 'HS256', typ: 'JWT' }, claims), llm)).toEqual(expected);
  });

  it('is the id of the token behind an access token, its claims and its end', () => {
    const claims = { jti: 'at_x', exp: 1_800_000_000, client_id: 'AAAAAAAA', latchkey: { parent: 'AAAAAAAA' } };
    expect(inspectToken(jwt({ alg: 'EdDSA', typ: 'at+jwt' }, claims), llm)).toEqual({
      kind: 'access',
      id: 'AAAAAAAA',
      claims,
      expiresAt: '2027-01-15T08:00:00.000Z',
    });
  });

  it('is the caveats of an attenuated token, and the earliest of their ends', async () => {
    const caveats = [
      { actions: ['chat'], expiresAt: '2027-03-01T00:00:00Z' },
      { actions: ['chat'], expiresAt: '2027-02-01T01:00:00+01:00' },
      { actions: ['chat'] },
    ];
    let text = API_KEY;
    for (const caveat of caveats) text = await attenuateToken(llm, text, caveat);
    const expiresAt = '2027-02-01T00:00:00.000Z';
    expect(inspectToken(text, llm)).toEqual({ kind: 'attenuated', id: 'AAAAAAAA', caveats, expiresAt });
  });

  it('has no end when there is none', async () => {
    expect(inspectToken(await attenuateToken(llm, CUSTOM_KEY, { actions: [] }), llm)).toEqual({
      kind: 'attenuated',
      caveats: [{ actions: [] }],
    });
  });

  it.each([
    '',
    'short',
    'Bearer sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB',
    jwt({ alg: 'none' }, { sub: 'ada' }),
    'eyJ.eyJ.eyJ',
  ])('is nothing when it is no token: %j', (text) => {
    expect(inspectToken(text, llm)).toEqual({});
  });

  it('never holds the secret', async () => {
    const narrower = await attenuateToken(llm, API_KEY, { actions: ['chat'] });
    const key = narrower.split('.').at(-1) ?? '';
    expect(
      JSON.stringify([inspectToken(API_KEY, llm), inspectToken(narrower, llm), inspectToken(CUSTOM_KEY, llm)]),
    ).not.toMatch(new RegExp(`BBBB|${key}|wQ2`));
  });

  it('never throws, whatever the text', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => toBase64url(new TextEncoder().encode(text))),
    );
    const parts = fc.array(part, { maxLength: 5 }).map((list) => list.join('.'));
    fc.assert(
      fc.property(
        fc.oneof(
          parts,
          parts.map((text) => `lka_AAAAAAAA.${text}.${'0'.repeat(64)}`),
        ),
        (text) => {
          inspectToken(text, llm);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
