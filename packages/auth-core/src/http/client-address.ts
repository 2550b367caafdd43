import { type IpRange, parseIpAddress, parseIpRange, rangeContains } from '../matching/ip-address.ts';
import type { ReadHeader } from './read-header.ts';

/** Returns the address of a request's client, from the peer address of the connection and the header fields. */
export type ClientAddress = (readHeader: ReadHeader, peer: string | undefined) => string | undefined;

/**
 * Creates a function that finds the address of a request's client behind reverse proxies. `X-Forwarded-For` is trusted
 * only as far as trusted proxies have written it: it is read from the right, past the addresses of trusted proxies, up
 * to the first other address. What is left of that may be forged. Without trusted proxies the header is not read.
 * A port beside an address is ignored: `198.51.100.4:1234`, `[2001:db8::1]:443`.
 *
 * Undefined means that the address is unknown: a grant with `networks` denies it. This is also the result when a
 * trusted proxy has forwarded something that is not an IP address, such as `unknown`, and for a client at a Unix socket.
 *
 * @param trustedProxies addresses, or ranges in CIDR notation: `10.0.0.0/8`, `::1`; `unix` for proxies that connect to
 * a Unix socket of this server
 * @throws {TypeError} when one of them cannot be parsed, or has bits set after its prefix
 * @example
 * ```ts
 * import { createClientAddress } from '@latchkey/auth-core/http';
 *
 * const clientAddress = createClientAddress(['127.0.0.1', '10.0.0.0/8']);
 * const headers: Record<string, string[]> = { 'x-forwarded-for': ['10.9.9.9, 198.51.100.4, 10.0.0.7'] };
 * console.log(clientAddress((name) => headers[name] ?? [], '127.0.0.1')); // 198.51.100.4
 * ```
 */
export function createClientAddress(trustedProxies: readonly string[] = []): ClientAddress {
  const trustsUnix = trustedProxies.includes(UNIX_PEER);
  const trusted = trustedProxies.flatMap((text, index) => {
    if (text === UNIX_PEER) return [];
    const range = parseIpRange(text);
    if (range === undefined)
      throw new TypeError(
        `trustedProxies[${index}] must be an IP address, a range such as 10.0.0.0/8, or '${UNIX_PEER}'`,
      );
    return range;
  });

  return function clientAddress(readHeader, peer) {
    const address = peer === UNIX_PEER ? undefined : peer;
    const isProxy = peer === UNIX_PEER ? trustsUnix : peer !== undefined && isTrusted(trusted, peer);
    if (!isProxy) return address;
    const forwarded = readHeader('x-forwarded-for').join(',');
    if (forwarded.trim() === '') return address;
    const hops = forwarded.split(',').map((hop) => withoutPort(hop.trim()));
    const nearest = hops.findLast((hop) => !isTrusted(trusted, hop));
    // When all of them are trusted proxies, the first one is the client.
    const client = nearest ?? hops[0];
    return client !== undefined && parseIpAddress(client) !== undefined ? client : undefined;
  };
}

/** The peer of a connection to a Unix socket, which has no address. */
export const UNIX_PEER = 'unix';

const WITH_PORT = /^(?:\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5})$/;

/** Some proxies, such as those of Azure, write the port of the client as well. */
function withoutPort(hop: string): string {
  const [, ipv6, ipv4] = WITH_PORT.exec(hop) ?? [];
  return ipv6 ?? ipv4 ?? hop;
}

/**
 * Whether {@link createClientAddress} accepts a text as a trusted proxy; for the validation of a configuration.
 *
 * @example
 * ```ts
 * import { isAddressRange } from '@latchkey/auth-core/http';
 *
 * console.log(isAddressRange('10.0.0.0/8'), isAddressRange('10.0.0.1/8')); // true false
 * ```
 */
export function isAddressRange(text: string): boolean {
  return parseIpRange(text) !== undefined;
}

function isTrusted(trusted: readonly IpRange[], text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && trusted.some((range) => rangeContains(range, address));
}
