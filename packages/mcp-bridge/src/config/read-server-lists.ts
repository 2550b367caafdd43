import { z } from 'zod';
import type { BridgeError } from '../errors.ts';
import { check, invalid, type KeyPath } from './invalid-config.ts';
import { foldKey, mayNarrow } from './narrowing-keys.ts';

const names = z.array(z.string().max(1024)).max(1024);

const including = new Set(['allowmcpservers', 'allowedmcpservers', 'enabledmcpjsonservers', 'enabledmcpservers']);
const excluding = new Set([
  'disabledmcpjsonservers',
  'disabledmcpservers',
  'disabledservers',
  'excludemcpservers',
  'excludedmcpservers',
]);

/** Whether a key beside the servers is one of those that `readServerLists` reads. */
export const isServerList = (key: string): boolean => including.has(foldKey(key)) || excluding.has(foldKey(key));

/**
 * Reads the lists beside the servers and returns which servers they leave in, under the key names of all hosts
 * (`excludeMCPServers`, `disabledMcpjsonServers` and similar ones, and Gemini's `allowed` and `excluded` in `mcp`).
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` for an invalid list, and for an unknown key that may exclude something
 */
export function readServerLists(root: Readonly<Record<string, unknown>>): (label: string) => boolean {
  const left: (readonly string[])[] = [];
  const out: string[] = [];
  for (const [key, value] of Object.entries(root)) {
    if (value === null) continue;
    if (key === 'mcp' && isObject(value)) {
      const { allowed, excluded, ...rest } = value;
      if (allowed !== undefined && allowed !== null) left.push(check(names, allowed, [key, 'allowed']));
      if (excluded !== undefined && excluded !== null) out.push(...check(names, excluded, [key, 'excluded']));
      const unknown = Object.entries(rest).find(([inner, written]) => mayNarrow(inner, written));
      if (unknown !== undefined) throw notUnderstood([key, unknown[0]]);
    } else if (including.has(foldKey(key))) left.push(check(names, value, [key]));
    else if (excluding.has(foldKey(key))) out.push(...check(names, value, [key]));
    else if (mayNarrow(key, value)) throw notUnderstood([key]);
  }
  return (label) => !out.includes(label) && left.every((list) => list.includes(label));
}

const notUnderstood = (path: KeyPath): BridgeError =>
  invalid(path, 'is not known, and may leave something out: say it in the entries, or remove it');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
