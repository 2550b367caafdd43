import { describe, expect, it } from 'vitest';
import { checkKeyStrength } from '../../src/token/key-strength.ts';
import { drawCharacters, type RandomBytes } from '../../src/token/random.ts';

/** Bytes that are the same in each run (xorshift32): now and then a drawn key looks like one that is easy to guess. */
function repeatableRandom(): RandomBytes {
  let state = 2_463_534_242;
  return (bytes) =>
    bytes.map(() => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 16;
    });
}

describe('the strength of a key that somebody chose', () => {
  it.each([
    'lm-studio',
    'x7#Kq9!Lm2@Wp4$Zr6^', // 19 characters
  ])('is not enough when it is short: %s', (secret) => {
    expect(checkKeyStrength(secret)).toContain('too short');
  });

  it.each([
    'lms_local_dev_key_2026',
    'latchkey-admin-password-2026',
    'my-secret-api-key-12345678',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    'abababababababababababab',
    'abcdefghijklmnopqrstuvwxyz',
    '98765432109876543210',
    'Kq9!Lm2Kq9!Lm2Kq9!Lm2Kq9!Lm2',
    'test-test-test-test-test-test',
    'PASSWORDpasswordPASSWORD',
    '20262025202420232022',
    'changeme-changeme-changeme',
    'qwertyuiopasdfghjklzxcvbnm',
    'QWERTZUIOPasdfghjklyxcvbnm',
    '1qaz2wsx3edc4rfv5tgb',
    'mnbvcxzlkjhgfdsapoiuytrewq',
    '!@#$%^&*()qwertyuiop',
  ])('is not enough when it is easy to guess: %s', (secret) => {
    expect(checkKeyStrength(secret)).toContain('easy to guess');
  });

  it.each([
    ['lm-studio-abc123def456ghi789', /known words, .*sequences .*--force.*"force": true/],
    ['local-dev-key-2024', /too short.*18 characters.*--force/],
    ['zebrazebrazebrazebra', /repetitions count as nothing/],
    ['20262025202420232022', /years and numbers/],
  ])('says the true reason and the way out: %s', (secret, reason) => {
    expect(checkKeyStrength(secret)).toMatch(reason);
  });

  it('tells nothing of the key', () => {
    expect(checkKeyStrength('zebra-zebra-zebra-zebra')).not.toContain('zebra');
  });

  it.each([
    ['hexadecimal digits', '0123456789abcdef', 32],
    ['letters and digits', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 20],
    ['small letters and digits', 'abcdefghijklmnopqrstuvwxyz0123456789', 24],
  ])('is enough when they were drawn: %s', (_, alphabet, length) => {
    const random = repeatableRandom();
    for (let index = 0; index < 1000; index++) {
      expect(checkKeyStrength(drawCharacters(alphabet, length, random))).toBeUndefined();
    }
  });

  it('is enough for a UUID, and for words that nobody puts together', () => {
    expect(checkKeyStrength('0f8fad5b-d9cb-469f-a165-70867728950e')).toBeUndefined();
    expect(checkKeyStrength('correct-horse-battery-staple')).toBeUndefined();
  });
});
