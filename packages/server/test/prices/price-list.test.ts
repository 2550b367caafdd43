import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/define-config.ts';
import { formatMoney, readDecimal, readMoney } from '../../src/config/money.ts';
import { createPriceList } from '../../src/prices/price-list.ts';

const listOf = (models: Record<string, { input: string; output: string }>) =>
  createPriceList(defineConfig({ data: 'unused', prices: { currency: 'EUR', models } }));

describe('an amount of money', () => {
  it('is read and written exactly', () => {
    for (const text of ['20 EUR', '0.10 EUR', '0.000000001 EUR', '9007199.254740991 USD']) {
      const { nanos, currency } = readMoney(text) ?? { nanos: 0, currency: '' };
      expect(formatMoney(nanos, currency)).toBe(text);
    }
  });

  it('is refused when it is not a decimal number, or larger than what is counted exactly', () => {
    for (const text of ['', '1,5 EUR', '1e3 EUR', '.5 EUR', '20 eur', '20EUR', '9007199.254740992 EUR', 'NaN EUR']) {
      expect(readMoney(text), text).toBeUndefined();
    }
    expect(readDecimal('0x10')).toBeUndefined();
  });
});

describe('the price of a model', () => {
  it('is rounded up once for each use: what costs anything is not free', () => {
    const price = listOf({ '*': { input: '0.000000001', output: '0' } })?.ofModel('m');
    expect(price?.cost(1, 0)).toBe(1);
    expect(price?.cost(1_000_000, 0)).toBe(1);
    expect(price?.cost(1_000_001, 0)).toBe(2);
  });

  it('is that of the longest pattern that matches', () => {
    const list = listOf({ '*': { input: '1', output: '1' }, 'ibm/*': { input: '2', output: '2' } });
    expect(list?.ofModel('ibm/granite')?.cost(1_000_000, 0)).toBe(2_000_000_000);
    expect(list?.ofModel('other')?.cost(1_000_000, 0)).toBe(1_000_000_000);
  });

  it('pays for an answer that costs no more than the amount, and one token more would cost more', () => {
    const decimal = fc
      .integer({ min: 0, max: 9_999_999 })
      .map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`);
    fc.assert(
      fc.property(decimal, decimal, fc.nat(1e12), fc.nat(1e6), (input, output, amount, prompt) => {
        const price = listOf({ '*': { input, output } })?.ofModel('m');
        if (price === undefined || price.cost(prompt, 0) > amount) return;
        const answer = price.answerFor(amount, prompt);
        if (answer > 1e9) return;
        expect(price.cost(prompt, answer)).toBeLessThanOrEqual(amount);
        expect(price.cost(prompt, answer + 1)).toBeGreaterThan(amount);
      }),
    );
  });
});
