import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApiKeyFormat, createCustomKeyFormat, createLegacyFormat } from '../../src/index.ts';
import { llm } from '../words.ts';

const format = createCustomKeyFormat(llm);
const REQUEST = { owner: 'ada', issuedAt: new Date(0) };

describe('a custom key', () => {
  it.each(['lms_local_dev_key_2026', 'lm-studio', '8letters', '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~', 'x'.repeat(256)])(
    'is what the operator chose: %s',
    async (secret) => {
      expect(await format.mint({ ...REQUEST, secret })).toEqual({ secret, text: secret });
      expect(format.parse(secret)).toEqual({ secret });
    },
  );

  it.each([
    '',
    '7letter',
    'x'.repeat(257),
    'two words',
    'tab\tbetween',
    'end of line\n',
    'Schlüssel1',
    'nul\u0000byte',
    `sk-lm-${'x'.repeat(30)}`,
    'lka_aB3dE5gH',
    'eyJhbGciOiJIUzI1NiJ9',
    '0123456789abcdef0123456789abcdef01234567',
    '0123456789ABCDEF0123456789ABCDEF01234567',
  ])('is nothing else: %j', async (secret) => {
    expect(format.parse(secret)).toBeUndefined();
    await expect(format.mint({ ...REQUEST, secret })).rejects.toThrow(
      expect.objectContaining({ code: 'AUTH_INPUT_INVALID', path: 'secret' }),
    );
  });

  it('must be given', async () => {
    await expect(format.mint(REQUEST)).rejects.toThrow('secret is required');
  });

  it('is refused without being repeated', async () => {
    const error = await format.mint({ ...REQUEST, secret: 'my own words' }).catch((reason) => reason);
    expect(error.message).not.toContain('own');
  });

  it('is never a token that another format makes or reads', async () => {
    const others = [createApiKeyFormat(llm), createLegacyFormat()];
    for (const other of others) expect(format.parse((await other.mint(REQUEST)).text)).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 8 }), fc.string({ unit: 'binary' })), (text) => {
        if (format.parse(text) === undefined) return;
        for (const other of others) expect(other.parse(text)).toBeUndefined();
      }),
    );
  });
});
