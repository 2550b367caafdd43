import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDigest } from '../../src/index.ts';
import { constantTimeEqual } from '../../src/token/digest.ts';

const key = new Uint8Array(32).fill(7);
const parts = { id: 'AAAAAAAA', secret: 'BBBBBBBBBBBBBBBBBBBB' };

describe('a digest', () => {
  it('is HMAC-SHA-256 over kind, id and secret', async () => {
    const expected = createHmac('sha256', key).update(`api-key:${parts.id}:${parts.secret}`).digest('hex');
    expect(await createDigest(key).of('api-key', parts)).toBe(expected);
  });

  it('matches its own token and no other', async () => {
    const digest = createDigest(key);
    const stored = await digest.of('api-key', parts);
    expect(await digest.matches('api-key', parts, stored)).toBe(true);
    expect(await digest.matches('api-key', { ...parts, secret: 'BBBBBBBBBBBBBBBBBBBC' }, stored)).toBe(false);
    expect(await digest.matches('api-key', { ...parts, id: 'AAAAAAAB' }, stored)).toBe(false);
    expect(await digest.matches('other' as 'api-key', parts, stored)).toBe(false);
    expect(await digest.matches('api-key', parts, '')).toBe(false);
    expect(await digest.matches('api-key', parts, stored.toUpperCase())).toBe(false);
  });

  it('is worth nothing under another key', async () => {
    const stored = await createDigest(key).of('api-key', parts);
    expect(await createDigest(new Uint8Array(32)).matches('api-key', parts, stored)).toBe(false);
  });

  it('does not change when the array of its key does', async () => {
    const bytes = Uint8Array.from(key);
    const digest = createDigest(bytes);
    bytes.fill(0);
    expect(await digest.of('api-key', parts)).toBe(await createDigest(key).of('api-key', parts));
  });

  it('needs a key of 32 bytes', () => {
    expect(() => createDigest(new Uint8Array(31))).toThrow(new TypeError('digestKey must have at least 32 bytes'));
  });
});

describe('constantTimeEqual', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['xbc', 'abc', false],
    ['abc', 'abcd', false],
    ['', '', true],
  ])('%j and %j: %s', (left, right, expected) => {
    expect(constantTimeEqual(left, right)).toBe(expected);
  });
});
