const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
/** The range of years with four digits; with some zones a time can be beyond it. */
const FIRST = -62_167_219_200_000;
const LAST = 253_402_300_799_999;

/**
 * Reads an RFC 3339 date and time, such as `2027-01-31T12:00:00Z`, into milliseconds since 1970.
 * Undefined for everything else: a date alone, a time without its zone, the 30th of February, a time before
 * the year 0 or after the year 9999 in UTC.
 */
export function parseDateTime(text: string): number | undefined {
  const day = RFC_3339.exec(text)?.[1];
  const milliseconds = Date.parse(text);
  if (day === undefined || !(milliseconds >= FIRST && milliseconds <= LAST)) return undefined;
  // Date.parse lets some days that do not exist run over into the next month.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? milliseconds : undefined;
}

/** The time, in milliseconds since 1970, of a text that should be one: NaN when it cannot be read. */
export function timeOf(text: string): number {
  return parseDateTime(text) ?? Number.NaN;
}

/**
 * The time of an `expiresAt`, in milliseconds since 1970: infinite when it is absent, and NaN when it cannot be read.
 * No time is before NaN.
 */
export function endOf(expiresAt: string | undefined): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : timeOf(expiresAt);
}
