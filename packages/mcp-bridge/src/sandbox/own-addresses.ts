import { readFile } from 'node:fs/promises';

/** Addresses of this machine in the notation of routes, e.g. `192.0.2.7/32`. */
export interface OwnAddresses {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Whether this machine has a route to other machines. */
  readonly hasRoute: boolean;
}

const LOCAL = 0x80000000;
const anywhere = '0'.repeat(32);

/**
 * Reads every address of this machine, also of interfaces without a carrier, from the kernel's tables;
 * `os.networkInterfaces()` leaves those out.
 */
export async function readOwnAddresses(): Promise<OwnAddresses> {
  const [trie, routes, routes6] = await Promise.all([
    readFile('/proc/net/fib_trie', 'utf8'),
    readFile('/proc/net/route', 'utf8'),
    // The file does not exist where IPv6 is switched off.
    readFile('/proc/net/ipv6_route', 'utf8').catch(() => ''),
  ]);
  const ipv4 = [...trie.matchAll(/\|-- (\S+)\n +\/(\d+) host LOCAL/g)].map(([, address, bits]) => `${address}/${bits}`);
  const lines6 = routes6.split('\n').map((line) => line.trim().split(/\s+/));
  const ipv6 = lines6.flatMap(([address = '', bits = '', , , , , , , flags = '0']) =>
    (Number.parseInt(flags, 16) & LOCAL) === 0 ? [] : [`${groups(address)}/${Number.parseInt(bits, 16)}`],
  );
  const leads4 = routes
    .split('\n')
    .map((line) => line.split('\t'))
    .some(([, to, , , , , , mask]) => to === '00000000' && mask === '00000000');
  const leads6 = lines6.some(([to, bits, , , , , , , , device]) => to === anywhere && bits === '00' && device !== 'lo');
  return { ipv4: [...new Set(ipv4)], ipv6: [...new Set(ipv6)], hasRoute: leads4 || leads6 };
}

const groups = (digits: string): string => digits.match(/.{4}/g)?.join(':') ?? '';
