import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApiKeyFormat } from '../../src/index.ts';
import { llm } from '../words.ts';

const format = createApiKeyFormat(llm);
const REQUEST = { owner: 'ada', issuedAt: new Date(0) };

describe('an API key', () => {
  it("has the shape that LM Studio's SDKs accept", async () => {
    for (let index = 0; index < 100; index++) {
      expect((await format.mint(REQUEST)).text).toMatch(/^sk-lm-[a-zA-Z0-9]{8}:[a-zA-Z0-9]{20}$/);
    }
  });

  it('is read back into its two halves', async () => {
    const { id, secret, text } = await format.mint(REQUEST);
    expect(format.parse(text)).toEqual({ id, secret });
  });

  it('is never made twice', async () => {
    const minted = await Promise.all(Array.from({ length: 1000 }, () => format.mint(REQUEST)));
    expect(new Set(minted.map(({ text }) => text)).size).toBe(1000);
  });

  it.each([
    '',
    'sk-lm-',
    'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBB',
    'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBBB',
    'sk-lm-AAAAAAA:BBBBBBBBBBBBBBBBBBBBB',
    'SK-LM-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB',
    ' sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBB',
    'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBB\n',
    'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB\n',
    'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBB\u0000',
    'sk-lm-AAAAAAAÄ:BBBBBBBBBBBBBBBBBBBB',
    "sk-lm-' or 1=1:BBBBBBBBBBBBBBBBBBBB",
    'sk-lm-AAAAAAAA-BBBBBBBBBBBBBBBBBBBB',
  ])('is nothing else: %j', (text) => {
    expect(format.parse(text)).toBeUndefined();
  });

  it('is not found in any other text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 35, maxLength: 35, unit: 'binary' })), (text) => {
        expect(format.parse(text)).toBeUndefined();
      }),
    );
  });
});
