import { z } from 'zod';

/** Billionths of a currency: amounts are whole numbers of them, so that sums are exact. */
export const NANOS = 1_000_000_000n;
const DIGITS = 9;

/** An amount and its currency (ISO 4217). */
export interface Money {
  readonly nanos: number;
  readonly currency: string;
}

const DECIMAL = /^(\d{1,7})(?:\.(\d{1,9}))?$/;
const MONEY = /^(\d{1,7}(?:\.\d{1,9})?) ([A-Z]{3})$/;
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a decimal number such as `0.15` as billionths; undefined for another text, and for one that is too large. */
export function readDecimal(text: string): number | undefined {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const nanos = BigInt(whole) * NANOS + BigInt(fraction.padEnd(DIGITS, '0'));
  return nanos <= MOST ? Number(nanos) : undefined;
}

/** Reads an amount such as `20 EUR`. */
export function readMoney(text: string): Money | undefined {
  const [, amount = '', currency] = MONEY.exec(text) ?? [];
  const nanos = readDecimal(amount);
  return nanos === undefined || currency === undefined ? undefined : { nanos, currency };
}

/** Writes an amount exactly, with at least two digits after the point where there are any: `19.40 EUR`. */
export function formatMoney(nanos: number, currency: string): string {
  const amount = BigInt(nanos);
  const fraction = String(amount % NANOS).padStart(DIGITS, '0');
  const digits = [...fraction].findLastIndex((digit) => digit !== '0') + 1;
  return `${amount / NANOS}${digits === 0 ? '' : `.${fraction.slice(0, Math.max(2, digits))}`} ${currency}`;
}

/** An amount in a body or in the configuration. */
export const moneyField = z.string().transform((text, context): Money => {
  const money = readMoney(text);
  if (money !== undefined) return money;
  context.issues.push({
    code: 'custom',
    input: text,
    message: 'must be an amount and its currency, such as 20 EUR or 0.50 EUR, with at most nine digits after the point',
  });
  return z.NEVER;
});

/** A price in the currency of the price list. */
export const priceField = z.string().transform((text, context): number => {
  const nanos = readDecimal(text);
  if (nanos !== undefined) return nanos;
  context.issues.push({
    code: 'custom',
    input: text,
    message: 'must be a decimal number as text, such as "0.15", with at most nine digits after the point',
  });
  return z.NEVER;
});

/** How much may be spent in a day and in a month (UTC). */
export const budgetField = z.strictObject({ perDay: moneyField.optional(), perMonth: moneyField.optional() });

/** A budget that was read. */
export type Budget = z.output<typeof budgetField>;
