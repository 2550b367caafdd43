import { describe, expect, it } from 'vitest';
import { readCredential } from '../../src/http/index.ts';
import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createMemoryTokenStore,
  createSealer,
  defineVocabulary,
  inspectToken,
} from '../../src/index.ts';
import {
  createAccessTokens,
  createAccessTokenVerifier,
  createMemorySigningKeyStore,
  createSigningKeys,
  readTokenExchange,
} from '../../src/jwt/index.ts';
import { llm } from '../../src/llm/index.ts';

const digestKey = new Uint8Array(32).fill(7);
const issuer = 'https://invoices.example';

const vocabulary = defineVocabulary({
  actions: ['invoices:read'],
  names: {
    keyPrefix: 'inv_',
    attenuatedPrefix: 'invsub_',
    claim: 'https://invoices.example/token',
    grantType: 'invoices',
  },
});

describe('names', () => {
  it('are neutral by default', () => {
    expect(defineVocabulary({}).names).toEqual({
      keyPrefix: 'key_',
      attenuatedPrefix: 'att_',
      placePrefix: 'place_',
      realm: 'api',
      keyHeader: 'X-Api-Key',
      projectHeader: 'Project',
      claim: 'auth',
      grantType: 'grant',
      keyTokenType: 'urn:auth-core:token-type:api-key',
    });
  });

  it('of a server of language models are those that its tokens have', () => {
    expect(llm.names).toEqual({
      keyPrefix: 'sk-lm-',
      attenuatedPrefix: 'lka_',
      placePrefix: 'lkp_',
      realm: 'latchkey',
      keyHeader: 'X-Api-Key',
      projectHeader: 'Latchkey-Project',
      claim: 'latchkey',
      grantType: 'latchkey_grant',
      keyTokenType: 'urn:latchkey:params:oauth:token-type:api-key',
    });
  });

  it.each([
    ['keyPrefix', ''],
    ['keyPrefix', 'key:'],
    ['keyPrefix', 'x'.repeat(33)],
    ['keyPrefix', 'eyJ'],
    ['keyPrefix', 'eyJkey_'],
    ['keyPrefix', 'ey'],
    ['keyPrefix', 'ATT_'],
    ['keyPrefix', 'att_key_'],
    ['attenuatedPrefix', 'key_sub_'],
    ['attenuatedPrefix', 7],
    ['placePrefix', 'KEY_place_'],
    ['attenuatedPrefix', undefined],
    ['realm', 'in "quotes"'],
    ['realm', 'line\nbreak'],
    ['keyHeader', 'X Key'],
    ['projectHeader', 'Project:'],
    ['keyHeader', 'authorization'],
    ['keyHeader', 'project'],
    ['projectHeader', 'x-api-key'],
    ['claim', 'cnf'],
    ['claim', 'sub'],
    ['claim', 'authorization_details'],
    ['claim', '__proto__'],
    ['grantType', ''],
    ['keyTokenType', 'two words'],
    ['prefix', 'inv_'],
    ['toString', 'inv_'],
  ])('%s cannot be %j', (name, value) => {
    expect(() => defineVocabulary({ names: { [name]: value } })).toThrow(TypeError);
  });

  it('are what a token of each kind is written and read with', async () => {
    const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer: createSealer(digestKey) });
    const access = createAccessTokens({ vocabulary, keys, issuer });
    const formats = [
      createApiKeyFormat(vocabulary),
      access.format,
      createAttenuatedFormat(vocabulary),
      createCustomKeyFormat(vocabulary),
    ];
    const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey, formats });
    const { token, record } = await auth.issue({ name: 'ci', grant: { actions: ['*'] } }, auth.operator());
    expect(token).toMatch(/^inv_[A-Za-z0-9]{8}:[A-Za-z0-9]{20}$/);
    expect(inspectToken(token, vocabulary)).toEqual({ kind: 'api-key', id: record.id });

    const narrower = await attenuateToken(vocabulary, token, { actions: ['invoices:read'] });
    expect(narrower).toMatch(/^invsub_/);
    expect(await auth.verify(narrower)).toMatchObject({ kind: 'attenuated', tokenId: record.id });
    expect(inspectToken(narrower, vocabulary)).toMatchObject({ kind: 'attenuated', id: record.id });

    const made = await access.issue(await auth.verify(token));
    const { claims = {} } = inspectToken(made.token, vocabulary);
    expect(claims).toMatchObject({ 'https://invoices.example/token': { parent: record.id } });
    expect(claims.authorization_details).toMatchObject([{ type: 'invoices' }]);
    const jwks = await access.jwks();
    const verifier = createAccessTokenVerifier({ vocabulary, jwks, issuer, audience: issuer });
    expect(await verifier.verify(made.token)).toMatchObject({ tokenId: record.id });
    const others = createAccessTokenVerifier({ jwks, issuer, audience: issuer });
    await expect(others.verify(made.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_MALFORMED' });

    for (const secret of ['INV_wZ4qT9xLr7Vb2NcK8sHd', 'Invsub_wZ4qT9xLr7Vb2NcK8sHd']) {
      const custom = auth.issue({ name: 'c', kind: 'custom', secret, grant: { actions: [] } }, auth.operator());
      await expect(custom).rejects.toMatchObject({
        code: 'AUTH_INPUT_INVALID',
        message: expect.stringContaining('begin like a token of another kind'),
      });
    }
  });

  it('are what a request presents a key and asks for one with', () => {
    const headers: Record<string, string[]> = { 'invoices-key': ['inv_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB'] };
    const read = (name: string) => headers[name] ?? [];
    expect(readCredential(read, { keyHeader: 'Invoices-Key' })).toBe('inv_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB');
    expect(readCredential(read)).toBeUndefined();
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'inv_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB',
      subject_token_type: 'urn:auth-core:token-type:api-key',
      requested_token_type: 'urn:auth-core:token-type:api-key',
    };
    expect(readTokenExchange(vocabulary, form)).toMatchObject({ ok: true, exchange: { makes: 'api-key' } });
    expect(readTokenExchange(llm, form)).toMatchObject({ ok: false });
  });
});
