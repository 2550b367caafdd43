import { invalid, type KeyPath } from './invalid-config.ts';

const kinds: ReadonlyMap<unknown, 'stdio' | 'http' | 'sse'> = new Map([
  ['stdio', 'stdio'],
  ['http', 'http'],
  ['streamable-http', 'http'],
  ['streamableHttp', 'http'],
  ['streamable_http', 'http'],
  ['sse', 'sse'],
]);

const typeKeys = ['type', 'transport', 'transportType'] as const;
const urlKeys = ['url', 'serverUrl', 'httpUrl'] as const;

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
  const [typeKey, secondType] = typeKeys.filter((key) => Object.hasOwn(raw, key));
  if (secondType !== undefined) throw invalid([...path, secondType], `means the same as "${typeKey}"; keep one`);
  const [urlKey, secondUrl] = urlKeys.filter((key) => Object.hasOwn(raw, key));
  if (secondUrl !== undefined) throw invalid([...path, secondUrl], `means the same as "${urlKey}"; keep one`);
  const isProgram = Object.hasOwn(raw, 'command');
  if (isProgram === (urlKey !== undefined)) {
    throw invalid(path, 'must have either "command" (a program) or "url" (a remote server)');
  }
  const kind = typeKey === undefined ? undefined : kinds.get(raw[typeKey]);
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
  return { kind: 'http', urlKey, sseFallback: kind === undefined && urlKey !== 'httpUrl' };
}
