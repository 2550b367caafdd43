import { type IpRange, parseIpAddress, parseIpRange, rangeContains } from '../matching/ip-address.ts';
import type { ReadHeader } from './read-header.ts';

/** Says where a request came from, by the address at the other end of its connection and by its header fields. */
export type ClientAddress = (readHeader: ReadHeader, peer: string | undefined) => string | undefined;

/**
 * Creates what finds the address of a request's client behind reverse proxies. `X-Forwarded-For` is believed only as far
 * as trusted proxies have written it: it is read from the right, over the addresses of trusted proxies, up to the first
 * address that is none. What stands left of that anybody may have written. Without trusted proxies it is not read.
 *
 * Undefined is nobody's address: a grant with `networks` denies it. That is the answer as well when a trusted proxy has
 * forwarded something that is no bare IP address, such as `unknown` or an address with a port.
 *
 * @param trustedProxies addresses, or ranges in CIDR notation: `10.0.0.0/8`, `::1`
 * @throws {TypeError} when one of them cannot be read, or has bits behind its prefix
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
  const trusted = trustedProxies.map((text, index) => {
    const range = parseIpRange(text);
    if (range === undefined)
      throw new TypeError(`trustedProxies[${index}] must be an IP address or a range such as 10.0.0.0/8`);
    return range;
  });

  return function clientAddress(readHeader, peer) {
    if (peer === undefined || trusted.length === 0 || !isTrusted(trusted, peer)) return peer;
    const forwarded = readHeader('x-forwarded-for').join(',');
    if (forwarded.trim() === '') return peer;
    const hops = forwarded.split(',').map((hop) => hop.trim());
    const nearest = hops.findLast((hop) => !isTrusted(trusted, hop));
    // All of them are proxies: then the first of them is who asked.
    const client = nearest ?? hops[0];
    return client !== undefined && parseIpAddress(client) !== undefined ? client : undefined;
  };
}

/**
 * Says whether a text is what {@link createClientAddress} takes for a trusted proxy; for whoever reads a configuration.
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
