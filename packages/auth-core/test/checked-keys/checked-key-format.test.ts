import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCheckedKeyFormat, isCheckedKey } from '../../src/checked-keys/index.ts';
import { createAuth, createMemoryTokenStore, defineVocabulary } from '../../src/index.ts';

const vocabulary = defineVocabulary({ actions: ['invoices:read'], names: { keyPrefix: 'inv_' } });
const grant = { actions: ['invoices:read'] } as const;
const draft = { owner: 'ada', issuedAt: new Date() };

/** The checksum as a scanner of secrets would compute it, with other code. */
function expectedChecksum(text: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let [value, written] = [crc32(text), ''];
  for (; value > 0; value = Math.floor(value / 62)) written = digits.charAt(value % 62) + written;
  return written.padStart(6, '0');
}

describe('a key with a checksum', () => {
  const format = createCheckedKeyFormat(vocabulary);

  it('is a prefix and 34 letters and digits, the last six of them the CRC-32 in base 62', async () => {
    for (let drawn = 0; drawn < 200; drawn++) {
      const { text, id, secret } = await format.mint(draft);
      expect(text).toMatch(/^inv_[A-Za-z0-9]{34}$/);
      expect(text).toBe(`inv_${id}${secret}${expectedChecksum(`inv_${id}${secret}`)}`);
      expect(isCheckedKey(text, 'inv_')).toBe(true);
      expect(format.parse(text)).toEqual({ id, secret });
    }
  });

  it('is verified, and works, like any other key', async () => {
    const digestKey = new Uint8Array(32).fill(1);
    const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey, formats: [format] });
    const { token, record } = await auth.issue({ name: 'ci', grant }, auth.operator());
    expect((await auth.verify(token)).id).toBe(record.id);
    const rotated = await auth.rotate(record.id, { overlap: { seconds: 0 } }, auth.operator());
    expect(isCheckedKey(rotated.token, 'inv_')).toBe(true);
    expect((await auth.verify(rotated.token)).id).toBe(record.id);
  });

  it('leaves keys as they were before the change valid', async () => {
    const [store, digestKey] = [createMemoryTokenStore(), new Uint8Array(32).fill(1)];
    const before = createAuth({ vocabulary, store, digestKey });
    const { token } = await before.issue({ name: 'ci', grant }, before.operator());
    const auth = createAuth({ vocabulary, store, digestKey, formats: [format] });
    expect((await auth.verify(token)).name).toBe('ci');
    expect(isCheckedKey(token, 'inv_')).toBe(false);
  });

  it('is refused without a look at the store when a character is wrong', async () => {
    let looked = 0;
    const tokens = createMemoryTokenStore();
    const store = {
      ...tokens,
      find(id: string) {
        looked += 1;
        return tokens.find(id);
      },
    };
    const auth = createAuth({ vocabulary, store, digestKey: new Uint8Array(32), formats: [format] });
    const { token } = await auth.issue({ name: 'ci', grant }, auth.operator());
    looked = 0;
    for (const at of [4, 12, 20, 33, 37]) {
      const wrong = token.slice(0, at) + (token.charAt(at) === 'x' ? 'y' : 'x') + token.slice(at + 1);
      await expect(auth.verify(wrong)).rejects.toMatchObject({ code: 'AUTH_TOKEN_MALFORMED' });
    }
    expect(looked).toBe(0);
  });

  it('is found by its prefix and its checksum, and other texts are not', async () => {
    const { text } = await format.mint(draft);
    const found = [`key: ${text}, inv_${'A'.repeat(34)}`.matchAll(/\binv_[A-Za-z0-9]{34}\b/g)].flatMap((all) => [
      ...all,
    ]);
    expect(found.map(([key]) => key).filter((key) => isCheckedKey(key, 'inv_'))).toEqual([text]);
    expect(isCheckedKey(text, 'key_')).toBe(false);
    expect(isCheckedKey(`${text}0`, 'inv_')).toBe(false);
    fc.assert(
      fc.property(fc.string(), (other) => {
        expect(isCheckedKey(other, 'inv_')).toBe(false);
        expect(isCheckedKey(`inv_${other}`, 'inv_')).toBe(false);
      }),
    );
  });
});
