import { CommandError } from './command-error.ts';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `90d`, `12h`, `30m`, `45s`, `2w` → milliseconds. Throws CommandError. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined || Number(count) === 0) {
    throw new CommandError(`'${text}' is no duration. Write a number and s, m, h, d or w, e.g. 90d.`);
  }
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
