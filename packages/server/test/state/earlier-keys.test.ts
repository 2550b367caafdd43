import { describe, expect, it } from 'vitest';
import { createEarlierKeys, givenEarlierHmacKey } from '../../src/state/earlier-keys.ts';

const given = (text: string) => givenEarlierHmacKey({ LATCHKEY_EARLIER_HMAC_KEY: text });

describe('the HMAC key of an earlier system', () => {
  it('is a text, or bytes in hexadecimal digits or base64', () => {
    expect(given('')).toBeUndefined();
    expect(given('pepper')).toEqual(new TextEncoder().encode('pepper'));
    expect(given('hex:00FF')).toEqual(new Uint8Array([0, 255]));
    expect(given('base64:AP8=')).toEqual(new Uint8Array([0, 255]));
  });

  it.each(['hex:0', 'hex:xy', 'base64:', 'base64:a b'])('is not %j', (text) => {
    expect(() => given(text)).toThrow('LATCHKEY_EARLIER_HMAC_KEY');
  });

  it('is what HMAC-SHA-256 needs, and SHA-256 does not', () => {
    expect(createEarlierKeys(undefined).hashes).toEqual(['sha256']);
    expect(createEarlierKeys(new Uint8Array([1])).hashes).toEqual(['sha256', 'hmac-sha256']);
  });
});
