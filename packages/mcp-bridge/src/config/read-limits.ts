import { invalid, type KeyPath } from './invalid-config.ts';
import type { ServerLimits } from './mcp-config.ts';
import { foldKey } from './narrowing-keys.ts';
import { printKeyPath } from './parse-jsonc.ts';

/** The longest time that a timer can measure. */
const longestMs = 2 ** 31 - 1;
const mostBytes = 1024 ** 3;

type Unit = 'ms' | 's' | 'unsaid' | 'bytes';

/** The keys of all hosts, folded: which limit each sets, and in what unit. */
const keys: ReadonlyMap<string, readonly [keyof ServerLimits, Unit]> = new Map([
  ['starttimeoutms', ['startTimeoutMs', 'ms']],
  ['startuptimeoutms', ['startTimeoutMs', 'ms']],
  ['startuptimeoutsec', ['startTimeoutMs', 's']],
  ['startuptimeout', ['startTimeoutMs', 'unsaid']],
  ['starttimeout', ['startTimeoutMs', 'unsaid']],
  ['inittimeout', ['startTimeoutMs', 'unsaid']],
  ['inittimeoutms', ['startTimeoutMs', 'ms']],
  ['initializationtimeout', ['startTimeoutMs', 'unsaid']],
  ['connectiontimeout', ['startTimeoutMs', 'unsaid']],
  ['connecttimeout', ['startTimeoutMs', 'unsaid']],
  ['timeout', ['callTimeoutMs', 'unsaid']],
  ['timeoutms', ['callTimeoutMs', 'ms']],
  ['timeoutseconds', ['callTimeoutMs', 's']],
  ['timeoutsec', ['callTimeoutMs', 's']],
  ['calltimeoutms', ['callTimeoutMs', 'ms']],
  ['tooltimeout', ['callTimeoutMs', 'unsaid']],
  ['tooltimeoutms', ['callTimeoutMs', 'ms']],
  ['tooltimeoutsec', ['callTimeoutMs', 's']],
  ['requesttimeout', ['callTimeoutMs', 'unsaid']],
  ['requesttimeoutms', ['callTimeoutMs', 'ms']],
  ['totaltimeoutms', ['callTotalTimeoutMs', 'ms']],
  ['totaltimeout', ['callTotalTimeoutMs', 'unsaid']],
  ['maxtotaltimeout', ['callTotalTimeoutMs', 'unsaid']],
  ['maxtotaltimeoutms', ['callTotalTimeoutMs', 'ms']],
  ['messagebytes', ['messageBytes', 'bytes']],
  ['maxmessagebytes', ['messageBytes', 'bytes']],
  ['resultbytes', ['resultBytes', 'bytes']],
  ['maxresultbytes', ['resultBytes', 'bytes']],
]);

/** In a `timeout` that is an object, as opencode has it. */
const parts: ReadonlyMap<string, keyof ServerLimits> = new Map([
  ['startup', 'startTimeoutMs'],
  ['start', 'startTimeoutMs'],
  ['request', 'callTimeoutMs'],
  ['call', 'callTimeoutMs'],
  ['total', 'callTotalTimeoutMs'],
]);

/** Under the same name, some hosts write seconds and others milliseconds. */
const mostSeconds = 3600;

/** Whether a key is one of those that `readLimits` reads. */
export const isLimit = (key: string): boolean => keys.has(foldKey(key));

/** The limits of one entry. */
export interface ReadLimits {
  readonly limits: ServerLimits;
  readonly warnings: readonly string[];
}

/**
 * Reads the limits of an entry under the names of all hosts. Without a unit in its name, a time up to 3600 is in
 * seconds and a longer one in milliseconds.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` for a limit that is no positive number, and for two keys with one meaning.
 */
export function readLimits(raw: Readonly<Record<string, unknown>>, path: KeyPath): ReadLimits {
  const limits: Partial<Record<keyof ServerLimits, number>> = {};
  const from = new Map<keyof ServerLimits, string>();
  const warnings: string[] = [];
  const set = (limit: keyof ServerLimits, value: number, key: KeyPath): void => {
    const other = from.get(limit);
    const printed = printKeyPath(key.slice(path.length));
    if (other !== undefined && limits[limit] !== value) throw invalid(key, `means the same as "${other}"; keep one`);
    from.set(limit, printed);
    limits[limit] = value;
  };
  for (const [key, value] of Object.entries(raw)) {
    const known = keys.get(foldKey(key));
    if (known === undefined) continue;
    const [limit, unit] = known;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [part, written] of Object.entries(value)) {
        const meant = parts.get(foldKey(part));
        if (meant === undefined) warnings.push(`${printKeyPath([...path, key, part])} is not known and has no effect`);
        else set(meant, readNumber(written, 'ms', [...path, key, part]), [...path, key, part]);
      }
      continue;
    }
    set(limit, readNumber(value, unit, [...path, key]), [...path, key]);
    if (unit === 'unsaid' && Number(value) > mostSeconds) {
      warnings.push(`${printKeyPath([...path, key])} is taken for milliseconds; write "${inMilliseconds(limit)}"`);
    }
  }
  return { limits, warnings };
}

const inMilliseconds = (limit: keyof ServerLimits): string =>
  ({ startTimeoutMs: 'startTimeoutMs', callTotalTimeoutMs: 'totalTimeoutMs' })[limit as string] ?? 'timeoutMs';

function readNumber(written: unknown, unit: Unit, path: KeyPath): number {
  const value = typeof written === 'string' && written.trim() !== '' ? Number(written) : written;
  const isNumber = typeof value === 'number' && Number.isFinite(value) && value > 0;
  if (!isNumber) throw invalid(path, 'must be a number above 0');
  const inSeconds = unit === 's' || (unit === 'unsaid' && value <= mostSeconds);
  const read = inSeconds ? value * 1000 : value;
  const most = unit === 'bytes' ? mostBytes : longestMs;
  if (read > most) throw invalid(path, `must be at most ${inSeconds ? most / 1000 : most}`);
  return read;
}
