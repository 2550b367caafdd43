import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDigest } from '../../src/index.ts';
import { constantTimeEqual } from '../../src/token/digest.ts';

const key = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const parts = { id: 'AAAAAAAA', secret: 'BBBBBBBBBBBBBBBBBBBB' };

describe('a digest', () => {
  it('is HMAC-SHA-256 over kind, id and secret, with the id of its key', async () => {
    const expected = createHmac('sha256', key).update(`api-key:${parts.id}:${parts.secret}`).digest('hex');
    expect(await createDigest(key).of('api-key', parts)).toMatch(new RegExp(`^[0-9a-f]{8}:${expected}$`));
  });

  it('matches one of an earlier version, which did not name its key', async () => {
    const earlier = createHmac('sha256', key).update(`api-key:${parts.id}:${parts.secret}`).digest('hex');
    expect(await createDigest([other, key]).matches('api-key', parts, earlier)).toBe(true);
    expect(await createDigest(other).matches('api-key', parts, earlier)).toBe(false);
  });

  it('is made with the first key of a ring, and matches with each of them', async () => {
    const ring = createDigest([other, key]);
    expect(await ring.of('api-key', parts)).toBe(await createDigest(other).of('api-key', parts));
    expect(await ring.matches('api-key', parts, await createDigest(key).of('api-key', parts))).toBe(true);
  });

  it('does not match under the name of another key', async () => {
    const [id] = (await createDigest(other).of('api-key', parts)).split(':');
    const [, digest] = (await createDigest(key).of('api-key', parts)).split(':');
    expect(await createDigest([other, key]).matches('api-key', parts, `${id}:${digest}`)).toBe(false);
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
    expect(() => createDigest([key, new Uint8Array(31)])).toThrow('digestKey must have at least 32 bytes');
  });

  it('takes from one to four keys, each once', () => {
    const keys = [1, 2, 3, 4, 5].map((fill) => new Uint8Array(32).fill(fill));
    expect(() => createDigest(keys.slice(0, 4))).not.toThrow();
    expect(() => createDigest(keys)).toThrow('at most 3 former ones');
    expect(() => createDigest([])).toThrow('one key');
    expect(() => createDigest([key, key])).toThrow('the same key twice');
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
