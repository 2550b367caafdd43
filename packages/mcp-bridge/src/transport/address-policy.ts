import { BlockList, isIP } from 'node:net';

/**
 * Addresses that belong to no host on the public internet (RFC 6890 and IANA's special-purpose registries): this host,
 * private and shared networks, link-local addresses including cloud metadata services, documentation, multicast.
 */
const specialIpv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Within 2000::/3, outside which no address is public: protocol assignments with Teredo, documentation, 6to4. */
const specialIpv6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** Addresses that a name in the operator's list does not open; only a range can allow them. */
const neverByName: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
];

const special4 = blockList(specialIpv4, 'ipv4');
const special6 = blockList(specialIpv6, 'ipv6');
const global6 = blockList([['2000::', 3]], 'ipv6');
const closed4 = blockList(neverByName, 'ipv4');
const local6 = blockList(
  [
    ['::1', 128],
    ['fc00::', 7],
  ],
  'ipv6',
);
const metadata6 = blockList([['fd00:ec2::', 32]], 'ipv6');

/** Whether an address is on the public internet. A text that is not an address is not public. */
export function isPublicAddress(address: string): boolean {
  const { family, text } = unwrap(address);
  if (family === 4) return !special4.check(text, 'ipv4');
  return family === 6 && global6.check(text, 'ipv6') && !special6.check(text, 'ipv6');
}

/** Decides whether a connection to this address may be made for this host name. */
export type AddressPolicy = (host: string, address: string) => boolean;

/**
 * Allows public addresses and those in the operator's list: `10.0.0.0/8` or `127.0.0.1` allows an address however it
 * was obtained, a host name allows its private and loopback addresses. Link-local addresses, where clouds provide
 * credentials, are opened only by ranges.
 *
 * @throws TypeError for an invalid range
 */
export function createAddressPolicy(privateHosts: readonly string[]): AddressPolicy {
  const names = new Set<string>();
  const ranges = new BlockList();
  for (const entry of privateHosts) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIP(address);
    if (family === 0 && prefix === undefined) names.add(entry.toLowerCase());
    else ranges.addSubnet(address, readPrefix(entry, family, prefix, rest), family === 4 ? 'ipv4' : 'ipv6');
  }
  return (host, address) => {
    if (isPublicAddress(address)) return true;
    const { family, text } = unwrap(address);
    if (family === 0) return false;
    if (ranges.check(text, family === 4 ? 'ipv4' : 'ipv6')) return true;
    if (!names.has(host)) return false;
    return family === 4 ? !closed4.check(text, 'ipv4') : local6.check(text, 'ipv6') && !metadata6.check(text, 'ipv6');
  };
}

function readPrefix(entry: string, family: number, prefix: string | undefined, rest: readonly string[]): number {
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(length <= bits)) {
    throw new TypeError(`${JSON.stringify(entry)} is neither a host name, an address nor a range such as 10.0.0.0/8`);
  }
  return length;
}

/** Unwraps an address: IPv4 in IPv6 (RFC 4291, 2.5.5.2) and behind NAT64 (RFC 6052) is treated as IPv4. */
function unwrap(address: string): { readonly family: number; readonly text: string } {
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family !== 6) return { family, text: bare };
  const groups = expand(bare);
  const [high = 0, low = 0] = groups.slice(6);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const translated = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (!mapped && !translated) return { family, text: bare };
  return { family: 4, text: [high >> 8, high & 255, low >> 8, low & 255].join('.') };
}

/** The eight groups of an IPv6 address. */
function expand(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string | undefined, low: string | undefined) => (Number(high) * 256 + Number(low)).toString(16);
  const text = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : address;
  const [head = '', tail] = text.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return read(head);
  const [before, after] = [read(head), read(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function blockList(ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
}
