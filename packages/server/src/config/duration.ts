const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** The notation of a duration, for messages. */
export const DURATION_NOTATION = 'a number and s, m, h, d or w, e.g. 90d';

/** Parses `90d`, `12h`, `30m`, `45s` or `2w` to milliseconds; undefined for a text that is not a duration. */
export function readDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined || Number(count) === 0) return undefined;
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
