import { describe, expect, it } from 'vitest';
import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createMemoryTokenStore,
  createPlaceBoundFormat,
  DEFAULT_AUTH_SETTINGS,
  inspectToken,
} from '../../src/index.ts';
import { writeAttenuatedText, writeCaveat } from '../../src/token/attenuated-text.ts';
import { attenuationKeyOf, nextAttenuationKey } from '../../src/token/attenuation-key.ts';
import { digestKey } from '../security/every-kind.ts';
import { llm } from '../words.ts';

const format = createPlaceBoundFormat(llm);
const REQUEST = { owner: 'ada', issuedAt: new Date(0) };
const GRANT = { actions: ['chat'], models: ['*'] } as const;

const newAuth = (isOn = true) => {
  const store = createMemoryTokenStore();
  const kinds = { ...DEFAULT_AUTH_SETTINGS.kinds, ...(isOn && { 'place-bound': true }) };
  const formats = [createApiKeyFormat(llm), format, createAttenuatedFormat(llm), createCustomKeyFormat(llm)];
  const settings = () => ({ ...DEFAULT_AUTH_SETTINGS, kinds });
  return { store, auth: createAuth({ vocabulary: llm, store, digestKey, formats, settings }) };
};

describe('a place-bound token', () => {
  it('is a prefix, an id of 10 characters and a secret of 30, all of which may stand in a path', async () => {
    const { id = '', secret, text } = await format.mint(REQUEST);
    expect(text).toMatch(/^lkp_[A-Za-z0-9]{40}$/);
    expect(text).toBe(`lkp_${id}${secret}`);
    expect(format.parse(text)).toEqual({ id, secret });
    expect((await createPlaceBoundFormat().mint(REQUEST)).text).toMatch(/^place_[A-Za-z0-9]{40}$/);
  });

  it('keeps its id when it gets a new secret', async () => {
    const { id = '', secret } = await format.mint(REQUEST);
    const again = await format.mint({ ...REQUEST, id });
    expect(again.id).toBe(id);
    expect(again.secret).not.toBe(secret);
  });

  it.each([
    '',
    'lkp_',
    `lkp_${'a'.repeat(39)}`,
    `lkp_${'a'.repeat(41)}`,
    `lkp_${'a'.repeat(39)}-`,
    `LKP_${'a'.repeat(40)}`,
  ])('is not %j', (text) => {
    expect(format.parse(text)).toBeUndefined();
  });

  it('is what it is found to be offline, and no custom key', async () => {
    const { id = '', text } = await format.mint(REQUEST);
    expect(inspectToken(text, llm)).toEqual({ kind: 'place-bound', id });
    expect(createCustomKeyFormat(llm).parse(text)).toBeUndefined();
    expect(createCustomKeyFormat(llm).parse(text.slice(0, -1))).toBeUndefined();
  });

  it('is switched off unless a host switches it on', async () => {
    const { auth } = newAuth(false);
    const input = { name: 'phone', kind: 'place-bound' as const, grant: GRANT };
    await expect(auth.issue(input, auth.operator())).rejects.toMatchObject({
      code: 'AUTH_INPUT_INVALID',
      path: 'kind',
    });
    const { text } = await format.mint(REQUEST);
    await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_KIND_DISABLED' });
  });

  it('is kept as a digest only, and takes no caveats, not even those that are made by hand', async () => {
    const { auth, store } = newAuth();
    const { token, record } = await auth.issue({ name: 'phone', kind: 'place-bound', grant: GRANT }, auth.operator());
    expect(await auth.verify(token)).toMatchObject({ kind: 'place-bound', name: 'phone' });
    const [stored] = await store.list({});
    expect(stored).not.toHaveProperty('attenuationKey');
    expect(JSON.stringify(stored)).not.toContain(token.slice(-30));
    await expect(attenuateToken(llm, token, GRANT)).rejects.toMatchObject({
      code: 'AUTH_INPUT_INVALID',
      path: 'token',
    });
    const caveat = writeCaveat(GRANT);
    const key = await nextAttenuationKey(await attenuationKeyOf(token), caveat);
    const byHand = writeAttenuatedText({ from: { id: record.id }, caveats: [caveat], key }, llm.names);
    await expect(auth.verify(byHand)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });
});
