const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;
/** The server reads no more digits before a unit. */
const MOST = 999_999;

/** Writes seconds as a person would: `90d`, `5m`; a plain number where no unit fits, such as `0`. */
export function writeDuration(seconds: number): string {
  const fitting = UNITS.find(([, length]) => seconds % length === 0 && seconds / length <= MOST);
  return seconds === 0 || fitting === undefined ? String(seconds) : `${seconds / fitting[1]}${fitting[0]}`;
}

/** What is sent for such a text: a plain number is one of seconds; the server reads, and refuses, everything else. */
export function sendDuration(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
