const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Writes a number of bytes with three digits and a decimal unit: `1.5 GB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${UNITS[power]}`;
}
