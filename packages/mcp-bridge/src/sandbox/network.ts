import { createServer } from 'node:net';
import { readResolverFile, resolverFile, resolverInside } from './name-servers.ts';
import type { NamedPorts } from './named-ports.ts';
import { type OwnAddresses, readOwnAddresses } from './own-addresses.ts';

/** The programs that make a network, if they work. */
export interface NetworkTools {
  readonly pasta: string;
  readonly ip: string;
}

/** Output on standard error before this line is pasta's; it is used only when the line is missing. */
export const ownWordsBegin = 'mcp-network: ready';

/** The command around bubblewrap, and options for bubblewrap itself. */
export interface OwnNetwork {
  /** Comes before the command of bubblewrap. */
  readonly command: readonly string[];
  /** Arguments for bubblewrap. */
  readonly walls: readonly string[];
}

/** Addresses of cloud metadata services that are not link-local. */
const metadata = { ipv4: ['100.100.100.200/32', '168.63.129.16/32'], ipv6: ['fd00:ec2::/32', 'fd20:ce::254/128'] };
const linkLocal = { ipv4: ['169.254.0.0/16'], ipv6: ['fe80::/10'] };

/** The requirements for a network. */
export interface NetworkWish {
  readonly ports: NamedPorts;
  /** Whether addresses outside of this machine are reached. */
  readonly hasOutside: boolean;
  /** Where the server finds the resolver file: at its own path, or at the target of its link. */
  readonly resolver: 'own place' | 'where it leads';
  /** Passed to bubblewrap as its file descriptor 3; pasta closes descriptors that it does not know. */
  readonly filter: Buffer | undefined;
}

/**
 * Makes a separate network for a program. The outside is reached through pasta; of this machine, only the named ports,
 * and no abstract sockets. Other addresses of this machine and link-local addresses are blocked by rules that only the
 * creator of the network could remove.
 */
export async function ownNetwork({ pasta, ip }: NetworkTools, wish: NetworkWish): Promise<OwnNetwork> {
  const { hasOutside, filter } = wish;
  const [addresses, resolver] = await Promise.all([readOwnAddresses(), readResolverFile()]);
  const { reached, served } = await withoutTaken(wish.ports);
  const closed = closedAddresses(addresses);
  const names = hasOutside ? resolverInside(resolver.text, [...closed.ipv4, ...closed.ipv6]) : undefined;
  const isRoot = process.geteuid?.() === 0;
  return {
    command: [
      pasta,
      // Its own messages must not be taken for the server's.
      ...['--quiet', '--log-file', '/dev/null'],
      // A process without privileges, as pasta is by then, may not map root.
      ...(isRoot ? ['--runas', '0', '--netns-only'] : []),
      ...(hasOutside ? ['--config-net'] : []),
      '--no-map-gw',
      ...(names?.forwarded ?? []).flatMap((address) => ['--dns-forward', address]),
      ...['-t', list(served.map((port) => `127.0.0.1/${port}`)), '-u', 'none'],
      ...['-T', list(reached), '-U', 'none'],
      '--',
      ...['/bin/sh', '-c', script(filter !== undefined, names !== undefined), 'mcp-network'],
      ...[ip, rules(closed.ipv4), rules(closed.ipv6), octal(filter), names?.text ?? ''],
    ],
    walls: [
      // Inside the network, pasta's user is root.
      ...['--unshare-user', '--uid', String(process.geteuid?.() ?? 0), '--gid', String(process.getegid?.() ?? 0)],
      '--share-net',
      ...(names === undefined
        ? []
        : ['--ro-bind-data', '5', wish.resolver === 'own place' ? resolverFile : resolver.path]),
    ],
  };
}

/** Whether this machine has a route out; without one pasta makes no network. */
export const hasRoute = async (): Promise<boolean> => (await readOwnAddresses()).hasRoute;

/** Returns the script that sets the rules and starts the command with the files that it reads by descriptor. */
function script(hasFilter: boolean, hasNames: boolean): string {
  const rest = `"$@"${hasNames ? ' 5<<END\n$names\nEND\n' : '\n'}`;
  return [
    'ip=$1 rules4=$2 rules6=$3 filter=$4 names=$5; shift 5',
    'printf "$rules4" | "$ip" -4 -batch - || exit 125',
    'if [ -e /proc/net/if_inet6 ]; then printf "$rules6" | "$ip" -6 -batch - || exit 125; fi',
    // The server's own output starts here.
    `echo '${ownWordsBegin}' >&2`,
    hasFilter ? `exec 4<&0\nprintf "$filter" | { exec 3<&0 0<&4 4<&-; exec ${rest}}` : `exec ${rest}`,
  ].join('\n');
}

function closedAddresses({ ipv4, ipv6 }: OwnAddresses): { ipv4: readonly string[]; ipv6: readonly string[] } {
  return {
    ipv4: [...linkLocal.ipv4, ...metadata.ipv4, ...ipv4],
    ipv6: [...linkLocal.ipv6, ...metadata.ipv6, ...ipv6],
  };
}

/** The rules come after the local routing table, so the network's own loopback and address still respond. */
const rules = (addresses: readonly string[]): string =>
  [...new Set(addresses)].map((address) => `rule add pref 1 to ${address} prohibit\\n`).join('');

const list = (ports: readonly (number | string)[]): string => (ports.length === 0 ? 'none' : ports.join(','));

const octal = (bytes: Buffer | undefined): string =>
  [...(bytes ?? [])].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/**
 * Removes served ports that are already in use: the server could not listen there, and the service at the port can be
 * reached.
 */
async function withoutTaken({ reached, served }: NamedPorts): Promise<NamedPorts> {
  const isFree = await Promise.all(served.map(canListen));
  return {
    reached: [...reached, ...served.filter((_, index) => !isFree[index])],
    served: served.filter((_, index) => isFree[index]),
  };
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}
