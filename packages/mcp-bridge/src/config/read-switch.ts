import { invalid, type KeyPath } from './invalid-config.ts';
import { foldKey } from './narrowing-keys.ts';

const on = new Set(['active', 'enable', 'enabled', 'isactive', 'isenabled']);
const off = new Set(['deactivated', 'disable', 'disabled', 'inactive', 'isdisabled', 'isinactive']);
const states = new Set(['state', 'status']);

const truths: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  [false, false],
  [0, false],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);
const stateWords: ReadonlyMap<unknown, boolean> = new Map([
  ...[...on].map((word): [string, boolean] => [word, true]),
  ...[...off].map((word): [string, boolean] => [word, false]),
  ['on', true],
  ['running', true],
  ['off', false],
  ['stopped', false],
  ['paused', false],
]);

/** Whether a key is one of those that `readSwitch` reads. */
export function isSwitch(key: string): boolean {
  const folded = foldKey(key);
  return on.has(folded) || off.has(folded) || states.has(folded);
}

/**
 * Whether a server is switched on, under the key names of all hosts: `disabled`, `enabled`, `isActive`, `active`,
 * `status` and similar ones. If several keys conflict, off takes precedence; null counts as absent.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` for a switch that is neither on nor off
 */
export function readSwitch(raw: Readonly<Record<string, unknown>>, path: KeyPath): boolean {
  let isOn = true;
  for (const [key, value] of Object.entries(raw)) {
    if (!isSwitch(key) || value === null) continue;
    const folded = foldKey(key);
    const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
    const says = states.has(folded) ? stateWords.get(word) : truths.get(word);
    if (says === undefined) throw invalid([...path, key], 'must be true or false');
    isOn &&= off.has(folded) ? !says : says;
  }
  return isOn;
}
