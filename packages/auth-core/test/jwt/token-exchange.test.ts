import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readTokenExchange, renderTokenExchange } from '../../src/jwt/index.ts';
import { FULL_GRANT, llm } from '../words.ts';

const URN = 'urn:ietf:params:oauth:token-type:';
const API_KEY = 'urn:latchkey:params:oauth:token-type:api-key';

const form = (change: object = {}) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d',
  subject_token_type: API_KEY,
  ...change,
});

const plain = {
  subjectToken: 'sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d',
  makes: 'access',
  issuedTokenType: `${URN}access_token`,
};

const read = (change: object) => readTokenExchange(llm, form(change));
const refusal = (error: string) => ({ ok: false, error: { error, error_description: expect.any(String) } });

describe('a token exchange', () => {
  it('makes an access token for this server, of the same authority, where nothing else is asked for', () => {
    expect(readTokenExchange(llm, form())).toEqual({ ok: true, exchange: plain });
    expect(readTokenExchange(llm, new URLSearchParams(form()))).toEqual({ ok: true, exchange: plain });
  });

  it.each([`${URN}access_token`, `${URN}jwt`, `${URN}refresh_token`, API_KEY])('takes %s', (type) => {
    expect(read({ subject_token_type: type }).ok).toBe(true);
  });

  it.each([
    [`${URN}access_token`, 'access'],
    [`${URN}jwt`, 'access'],
    [API_KEY, 'api-key'],
  ])('makes %s', (type, makes) => {
    expect(read({ requested_token_type: type })).toMatchObject({ exchange: { makes, issuedTokenType: type } });
  });

  it('is for all servers that audience and resource name', () => {
    const parameters = new URLSearchParams(form());
    for (const audience of ['reports', 'billing']) parameters.append('audience', audience);
    parameters.append('resource', 'https://reports.example/');
    const audience = ['reports', 'billing', 'https://reports.example/'];
    expect(readTokenExchange(llm, parameters)).toMatchObject({ exchange: { audience } });
    expect(read({ audience: ['reports', 'billing'], resource: 'https://reports.example/' })).toMatchObject({
      exchange: { audience },
    });
  });

  it('is narrowed to the actions of its scope', () => {
    expect(read({ scope: 'chat embeddings chat' })).toEqual({
      ok: true,
      exchange: { ...plain, grant: { ...FULL_GRANT, actions: ['chat', 'embeddings'] }, scope: ['chat', 'embeddings'] },
    });
  });

  it('is narrowed to its grant, and shortened', () => {
    const grant = { actions: ['chat'], models: ['ibm/*'] };
    expect(read({ grant: JSON.stringify(grant), expires_in: '60' })).toEqual({
      ok: true,
      exchange: { ...plain, grant, seconds: 60 },
    });
  });

  it('passes over what has no value, and what nobody knows', () => {
    const change = { client_id: 'me', unknown: ['a', 'b'], scope: '', audience: '', actor_token: '' };
    expect(read(change)).toEqual({ ok: true, exchange: plain });
  });

  it.each([
    ['nothing', undefined, 'invalid_request'],
    ['a text', 'grant_type=a', 'invalid_request'],
    ['a list', [form()], 'invalid_request'],
    ['null', null, 'invalid_request'],
    ['an empty form', {}, 'invalid_request'],
    ['another grant type', form({ grant_type: 'authorization_code' }), 'unsupported_grant_type'],
    ['a grant type twice', form({ grant_type: [form().grant_type, form().grant_type] }), 'invalid_request'],
    ['a parameter that is no text', form({ subject_token: 7 }), 'invalid_request'],
    ['a parameter that is an object', form({ unknown: {} }), 'invalid_request'],
    ['no subject token', form({ subject_token: '' }), 'invalid_request'],
    ['two subject tokens', form({ subject_token: ['a', 'b'] }), 'invalid_request'],
    ['an endless subject token', form({ subject_token: 'a'.repeat(16_385) }), 'invalid_request'],
    ['no type of the subject token', form({ subject_token_type: undefined }), 'invalid_request'],
    ['no type that is known', form({ subject_token_type: `${URN}saml2` }), 'invalid_request'],
    ['a type that objects have', form({ requested_token_type: '__proto__' }), 'invalid_request'],
    ['a refresh token asked for', form({ requested_token_type: `${URN}refresh_token` }), 'invalid_request'],
    ['somebody who acts for another', form({ actor_token: 'a' }), 'invalid_request'],
    ['the type of such a token', form({ actor_token_type: `${URN}jwt` }), 'invalid_request'],
    ['an audience with a blank', form({ audience: 'a b' }), 'invalid_target'],
    ['a resource that is no URI', form({ resource: 'reports' }), 'invalid_target'],
    ['a resource with a fragment', form({ resource: 'https://reports.example/#a' }), 'invalid_target'],
    ['too many audiences', form({ audience: Array.from({ length: 11 }, String) }), 'invalid_target'],
    ['an API key for others', form({ requested_token_type: API_KEY, audience: 'a' }), 'invalid_target'],
    ['a scope that is none', form({ scope: 'chat fly' }), 'invalid_scope'],
    ['a scope that is everything', form({ scope: '*' }), 'invalid_scope'],
    ['a scope with two blanks', form({ scope: 'chat  embeddings' }), 'invalid_scope'],
    ['a grant that is no JSON', form({ grant: '{' }), 'invalid_request'],
    ['a grant that is none', form({ grant: '{"actions":["fly"]}' }), 'invalid_request'],
    ['a grant and a scope', form({ grant: '{"actions":["chat"]}', scope: 'chat' }), 'invalid_request'],
    ['a life without a number', form({ expires_in: 'long' }), 'invalid_request'],
    ['a life of nothing', form({ expires_in: '0' }), 'invalid_request'],
    ['a life with a fraction', form({ expires_in: '1.5' }), 'invalid_request'],
  ])('is refused with %s', (_, value, error) => {
    expect(readTokenExchange(llm, value)).toEqual(refusal(error));
  });

  it('is never refused in words that OAuth forbids, and never with the token', () => {
    const parameter = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('chat', '{"actions":[]}'));
    const names = ['requested_token_type', 'audience', 'scope', 'grant', 'expires_in', 'subject_token_type'] as const;
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), parameter), (change) => {
        const reading = read({ subject_token: 'my-secret-token', ...change });
        if (reading.ok) return;
        expect(reading.error.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
        expect(reading.error.error_description).not.toContain('my-secret-token');
      }),
      { numRuns: 5000 },
    );
    const quoted = JSON.stringify({ actions: ['chat'], mcp: { 'ä"\\': { tools: 7 } } });
    expect(read({ grant: quoted })).toMatchObject({
      error: { error_description: "grant.mcp['??'??'].tools is not of type object." },
    });
  });

  it('never throws, whatever the form', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(readTokenExchange(llm, value).ok).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the answer to a token exchange', () => {
  it('has the shape of RFC 8693', () => {
    const answer = renderTokenExchange(
      { issuedTokenType: `${URN}access_token`, scope: ['chat', 'embeddings'] },
      { token: 'new', expiresIn: 300 },
    );
    expect(answer).toEqual({
      access_token: 'new',
      issued_token_type: `${URN}access_token`,
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'chat embeddings',
    });
  });

  it('leaves out what there is not', () => {
    expect(renderTokenExchange({ issuedTokenType: API_KEY }, { token: 'new' })).toEqual({
      access_token: 'new',
      issued_token_type: API_KEY,
      token_type: 'Bearer',
    });
  });
});
