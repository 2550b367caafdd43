import { isIP } from 'node:net';
import type { HttpServerEntry } from '../config/mcp-config.ts';
import { labelPattern, pluginId } from '../config/plugin-id.ts';
import { BridgeError } from '../errors.ts';
import type { ToolGate } from '../tools/tool-gate.ts';
import { createAddressPolicy } from '../transport/address-policy.ts';
import { readCallerHeaders } from '../transport/caller-headers.ts';
import { openTransport } from '../transport/open-transport.ts';
import { createPinnedFetch, hostOf, type NameResolver, pinAddresses } from '../transport/pinned-fetch.ts';
import { type ConnectionOptions, ServerConnection } from './connection.ts';

/** Where request-scoped servers may be; the gate decides which callers may bring them. */
export interface EphemeralPolicy {
  /** Host names: `mcp.example.com`, `*.example.com` (not `example.com` itself), `*`. Default: `*`. */
  readonly allowedHosts: readonly string[];
  /**
   * Host names, addresses and ranges that may be reached although they are not on the public internet. A name opens no
   * link-local address; a range does. Default: none.
   */
  readonly allowPrivateHosts: readonly string[];
  /** Host names that may be reached without TLS. Default: none. */
  readonly allowHttpHosts: readonly string[];
}

/** A request-scoped server; always a remote one. */
export interface EphemeralServer {
  /** Its name within the request; not a label of the mcp.json. */
  readonly label: string;
  readonly url: string;
  /** Sent only to this server. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BringOptions extends Omit<ConnectionOptions, 'entry' | 'opener' | 'fetch'> {
  /** Absent: requests cannot bring servers. */
  readonly policy: Partial<EphemeralPolicy> | undefined;
  readonly resolve: NameResolver;
  /** Whether a plugin id is in the mcp.json. */
  readonly isConfigured: (id: string) => boolean;
}

/** The request-scoped servers of one request. None is connected before one of its tools is needed. */
export interface BroughtServers {
  /** By the ids that are passed to the gate. */
  readonly connections: ReadonlyMap<string, ServerConnection>;
  /**
   * Asks the gate first, then applies the operator's rules about hosts. So a caller that may not bring servers learns
   * nothing of these rules.
   */
  within(gate: ToolGate): ToolGate;
}

const maxUrlLength = 2048;
/** Short, because its caller is waiting, and nothing has to be installed first. */
const maxStartMs = 10_000;

/**
 * Reads a request-scoped server strictly. `id` is its name for the gate and in a selection. `host` is the host of its
 * URL as it is compared: in lower case, addresses in their usual notation, with the port if that is not 443; an IPv6
 * address has brackets only before a port.
 *
 * @throws BridgeError `MCP_EPHEMERAL_INVALID`; `path` is `server_label`, `server_url` or `headers`.
 *
 * @example
 * ```ts
 * import { ephemeralServer } from '@latchkey/mcp-bridge';
 *
 * const { id, host } = ephemeralServer({ label: 'weather', url: 'https://MCP.example.com/v1' });
 * console.log(id, host); // ephemeral/weather mcp.example.com
 * ```
 */
export function ephemeralServer(server: EphemeralServer): { readonly id: string; readonly host: string } {
  const { entry, url } = readServer(server);
  return { id: entry.id, host: withPort(url) };
}

function withPort(url: URL): string {
  const port = url.port || (url.protocol === 'http:' ? '80' : '');
  if (port === '') return hostOf(url);
  return `${url.hostname.startsWith('[') ? url.hostname : hostOf(url)}:${port}`;
}

/**
 * Creates the connections of a request's own servers: for this request only, each name resolved once.
 *
 * @throws BridgeError `MCP_EPHEMERAL_INVALID`
 */
export function bringServers(
  servers: readonly EphemeralServer[],
  { policy: given, resolve, isConfigured, ...options }: BringOptions,
): BroughtServers {
  const policy = { allowedHosts: ['*'], allowPrivateHosts: [], allowHttpHosts: [], ...given };
  const connections = new Map<string, ServerConnection>();
  const refusals = new Map<string, string>();
  for (const server of servers) {
    const { entry, url } = readServer(server);
    if (connections.has(entry.id)) throw invalid('server_label', 'appears twice');
    // In the answer, only the label identifies the server of a called tool.
    if (isConfigured(pluginId(entry.label))) throw invalid('server_label', 'is the label of a server of the mcp.json');
    const refusal = given === undefined ? 'this host takes no servers from requests' : judgeHost(url, policy);
    if (refusal !== undefined) refusals.set(entry.id, refusal);
    connections.set(entry.id, connect(entry, policy, resolve, options));
  }
  return {
    connections,
    within: (gate) => async (call, context) => {
      const verdict = await gate(call, context);
      const reason = refusals.get(call.server);
      return verdict?.allowed === true && reason !== undefined ? { allowed: false, reason } : verdict;
    },
  };
}

function readServer({ label, url: written, headers = {} }: EphemeralServer): {
  readonly entry: HttpServerEntry;
  readonly url: URL;
} {
  if (!labelPattern.test(label)) {
    throw invalid('server_label', 'must be 1 to 64 of A-Z, a-z, 0-9, "_", "." and "-", the first a letter or digit');
  }
  const url = written.length > maxUrlLength ? null : URL.parse(written);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid('server_url', 'must be a URL that begins with https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('server_url', 'must hold no user name and no password; use headers');
  }
  const read = readCallerHeaders(headers);
  if ('problem' in read) throw invalid('headers', `cannot be sent: ${read.name} ${read.problem}`);
  const id = `ephemeral/${label}`;
  return { entry: { label, id, transport: 'http', sseFallback: true, url: url.href, headers: read.headers }, url };
}

/** Returns why a host may not be reached, as far as that can be decided without the network. */
function judgeHost(url: URL, policy: EphemeralPolicy): string | undefined {
  const host = hostOf(url);
  if (!matchesHost(policy.allowedHosts, host)) return 'its host is not one that the operator of this server allows';
  if (url.protocol === 'http:' && !matchesHost(policy.allowHttpHosts, host)) {
    return 'it must be reached by https; the operator of this server can allow http for its host';
  }
  if (isIP(host) !== 0 && !createAddressPolicy(policy.allowPrivateHosts)(host, host)) {
    return 'its address is not a public one; the operator of this server can allow it';
  }
  return undefined;
}

function matchesHost(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted === '*' || wanted === host || (wanted.startsWith('*.') && host.endsWith(wanted.slice(1)));
  });
}

function connect(
  entry: HttpServerEntry,
  policy: EphemeralPolicy,
  resolve: NameResolver,
  options: Omit<ConnectionOptions, 'entry' | 'opener' | 'fetch'>,
): ServerConnection {
  const allows = createAddressPolicy(policy.allowPrivateHosts);
  const addresses = pinAddresses(new URL(entry.url), allows, resolve);
  const limits = { ...options.limits, startTimeoutMs: Math.min(options.limits.startTimeoutMs, maxStartMs) };
  return new ServerConnection({
    ...options,
    limits,
    // The tools are not approved, so a call must use the tools that were listed for this request.
    callsRelyOn: 'current',
    fetch: () => Promise.reject(new TypeError('a per-request server is reached by its own fetch')),
    entry,
    opener(opened, openOptions) {
      const pinned = createPinnedFetch(addresses);
      const open = openTransport(opened, { ...openOptions, fetch: pinned.fetch });
      return {
        ...open,
        // Its promise to report changes is not trusted.
        hears: false,
        reason: () => addresses.refusal ?? open.reason(),
        async close() {
          await open.close();
          pinned[Symbol.dispose]();
        },
      };
    },
  });
}

function invalid(path: string, problem: string): BridgeError {
  return new BridgeError('MCP_EPHEMERAL_INVALID', `${path} ${problem}.`, { path });
}
