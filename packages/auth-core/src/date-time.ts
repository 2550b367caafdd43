const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads an RFC 3339 date and time, such as `2027-01-31T12:00:00Z`, into milliseconds since 1970.
 * Undefined for everything else: a date alone, a time without its zone, the 30th of February.
 */
export function parseDateTime(text: string): number | undefined {
  const day = RFC_3339.exec(text)?.[1];
  const milliseconds = Date.parse(text);
  if (day === undefined || Number.isNaN(milliseconds)) return undefined;
  // Date.parse lets some days that do not exist run over into the next month.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? milliseconds : undefined;
}
