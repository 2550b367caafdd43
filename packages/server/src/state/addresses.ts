import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

const LOCALHOST = ['127.0.0.1', '::1'] as const;

/**
 * The addresses of a host, the one to prefer first. `localhost` means both addresses of this machine alone, whatever the
 * machine's files say about it (RFC 6761): which of them there are is found out by listening. Throws the system's error
 * for a name that has no address.
 */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (host.toLowerCase() !== 'localhost') return (await lookup(host, { all: true })).map(({ address }) => address);
  const known = await lookup(host, { all: true }).catch(() => []);
  const order = known.map(({ address }) => address);
  return [...LOCALHOST].sort((one, other) => placeIn(order, one) - placeIn(order, other));
}

/** Whether a socket could not listen because the machine does not have that address. */
export const isNoAddressHere = (error: unknown): boolean =>
  ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');

const placeIn = (order: readonly string[], address: string): number => {
  const place = order.indexOf(address);
  return place === -1 ? order.length : place;
};
