import { invalid, type KeyPath } from './invalid-config.ts';
import { foldKey } from './narrowing-keys.ts';

/** By the word as hosts spell it, folded. `remote` says only that there is a URL. */
const kinds: ReadonlyMap<string, 'stdio' | 'http' | 'sse' | 'remote'> = new Map([
  ['stdio', 'stdio'],
  ['local', 'stdio'],
  ['command', 'stdio'],
  ['process', 'stdio'],
  ['http', 'http'],
  ['https', 'http'],
  ['httpstream', 'http'],
  ['httpstreaming', 'http'],
  ['streamable', 'http'],
  ['streamablehttp', 'http'],
  ['streaminghttp', 'http'],
  ['sse', 'sse'],
  ['httpsse', 'sse'],
  ['remote', 'remote'],
  ['url', 'remote'],
]);

const typeKeys = ['type', 'transport', 'transportType'] as const;
const urlKeys = ['url', 'serverUrl', 'httpUrl', 'baseUrl'] as const;

/** The keys that `readTransport` reads. */
export const transportKeys: readonly string[] = ['command', ...typeKeys, ...urlKeys];

/** How a server is reached and, for a remote one, the key that holds its URL. */
export type Transport =
  | { readonly kind: 'stdio' }
  | { readonly kind: 'http'; readonly urlKey: string; readonly sseFallback: boolean }
  | { readonly kind: 'sse'; readonly urlKey: string };

/**
 * Reads how a server is reached, in the notations of all hosts: from `type`, `transport` or `transportType`, otherwise
 * from the key that is present. A `url` alone means only that the server is remote, so both transports are tried; an
 * `httpUrl` means streamable HTTP.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` when keys conflict.
 */
export function readTransport(raw: Readonly<Record<string, unknown>>, path: KeyPath): Transport {
  const typeKey = oneOf(raw, typeKeys, path, readKind);
  const urlKey = oneOf(raw, urlKeys, path, (value) => value);
  const isProgram = Object.hasOwn(raw, 'command');
  if (isProgram === (urlKey !== undefined)) {
    throw invalid(path, 'must have either "command" (a program) or "url" (a remote server)');
  }
  const kind = typeKey === undefined ? undefined : readKind(raw[typeKey]);
  if (typeKey !== undefined) {
    const typePath = [...path, typeKey];
    if (kind === undefined) throw invalid(typePath, 'must be "stdio", "http" or "sse"');
    if (isProgram !== (kind === 'stdio')) {
      throw invalid(typePath, isProgram ? 'is of a remote server, and there is a "command"' : 'needs a "command"');
    }
    if (kind === 'sse' && urlKey === 'httpUrl') throw invalid(typePath, 'contradicts "httpUrl"; use "url"');
  }
  if (urlKey === undefined) return { kind: 'stdio' };
  if (kind === 'sse') return { kind, urlKey };
  return { kind: 'http', urlKey, sseFallback: kind !== 'http' && urlKey !== 'httpUrl' };
}

const readKind = (word: unknown) => (typeof word === 'string' ? kinds.get(foldKey(word)) : undefined);

/** Returns the one of several keys with the same meaning that is there; several may say the same. */
function oneOf<T extends string>(
  raw: Readonly<Record<string, unknown>>,
  names: readonly T[],
  path: KeyPath,
  read: (value: unknown) => unknown,
): T | undefined {
  const [first, ...others] = names.filter((name) => Object.hasOwn(raw, name));
  const other = others.find((name) => first !== undefined && read(raw[name]) !== read(raw[first]));
  if (other !== undefined) throw invalid([...path, other], `means the same as "${first}"; keep one`);
  return first;
}
