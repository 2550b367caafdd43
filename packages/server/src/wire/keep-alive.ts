import { z } from 'zod';

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)/y;

/**
 * For how long a model stays loaded, in milliseconds: a number of seconds, or a duration as Go writes it (`1h30m`).
 * Less than 0 is forever.
 */
export const keepAliveSchema = z
  .union([z.number(), z.string().max(64)])
  .transform((input, context): number => {
    const milliseconds = typeof input === 'number' ? input * 1000 : readDuration(input.trim());
    if (milliseconds !== undefined) return milliseconds < 0 ? Number.POSITIVE_INFINITY : milliseconds;
    context.issues.push({ code: 'custom', input, message: "expected seconds, or a duration such as '5m' or '1h30m'" });
    return z.NEVER;
  })
  .nullish();

/** A text without a unit is a number of seconds. */
function readDuration(text: string): number | undefined {
  const isNegative = text.startsWith('-');
  const rest = text.replace(/^[+-]/, '');
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(rest)) return Number(rest) * (isNegative ? -1000 : 1000);
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < rest.length) {
    const [, number, unit = ''] = PART.exec(rest) ?? [];
    if (number === undefined) return undefined;
    total += Number(number) * (MILLISECONDS[unit] ?? 0);
  }
  if (rest === '') return undefined;
  return isNegative ? -total : total;
}
