import { createServer } from 'node:net';
import { readResolverFile, resolverFile, resolverInside } from './name-servers.ts';
import type { NamedPorts } from './named-ports.ts';
import { type OwnAddresses, readOwnAddresses } from './own-addresses.ts';

/** The programs that make a network, where they work. */
export interface NetworkTools {
  readonly pasta: string;
  readonly ip: string;
}

/** What was printed before this line on standard error is pasta's, and of interest only when there is no such line. */
export const ownWordsBegin = 'mcp-network: ready';

/** What is run around bubblewrap, and what bubblewrap has to be told. */
export interface OwnNetwork {
  /** Before the command of bubblewrap. */
  readonly command: readonly string[];
  /** Arguments for bubblewrap. */
  readonly walls: readonly string[];
}

/** Where clouds hand out credentials, besides link-local addresses. */
const metadata = { ipv4: ['100.100.100.200/32', '168.63.129.16/32'], ipv6: ['fd00:ec2::/32', 'fd20:ce::254/128'] };
const linkLocal = { ipv4: ['169.254.0.0/16'], ipv6: ['fe80::/10'] };

/** What is wanted of a network. */
export interface NetworkWish {
  readonly ports: NamedPorts;
  /** Whether addresses outside of this machine are reached. */
  readonly hasOutside: boolean;
  /** Where the server finds the file of name servers: at its own place, or where that leads. */
  readonly resolver: 'own place' | 'where it leads';
  /** Is handed to bubblewrap as its file descriptor 3: pasta closes those that it does not know. */
  readonly filter: Buffer | undefined;
}

/**
 * A network of its own for what is started in it: the outside by pasta, of this machine only the ports that are named, and no
 * abstract socket. What answers at another address of this machine, or at a link-local one, is refused by rules that
 * only who made the network could take away.
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
      // Its own words are no server's.
      ...['--quiet', '--log-file', '/dev/null'],
      // Root may not be mapped by who has dropped its privileges, as pasta has.
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
      // To those who are in it, pasta's user is root.
      ...['--unshare-user', '--uid', String(process.geteuid?.() ?? 0), '--gid', String(process.getegid?.() ?? 0)],
      '--share-net',
      ...(names === undefined
        ? []
        : ['--ro-bind-data', '5', wish.resolver === 'own place' ? resolverFile : resolver.path]),
    ],
  };
}

/** Whether this machine has a way out, without which pasta makes no network. */
export const hasRoute = async (): Promise<boolean> => (await readOwnAddresses()).hasRoute;

/** Sets the rules, and starts the rest with the files that it reads by number. */
function script(hasFilter: boolean, hasNames: boolean): string {
  const rest = `"$@"${hasNames ? ' 5<<END\n$names\nEND\n' : '\n'}`;
  return [
    'ip=$1 rules4=$2 rules6=$3 filter=$4 names=$5; shift 5',
    'printf "$rules4" | "$ip" -4 -batch - || exit 125',
    'if [ -e /proc/net/if_inet6 ]; then printf "$rules6" | "$ip" -6 -batch - || exit 125; fi',
    // Here the server's own words begin.
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

/** They come after the table of what is in the network itself: its own loopback and its address answer. */
const rules = (addresses: readonly string[]): string =>
  [...new Set(addresses)].map((address) => `rule add pref 1 to ${address} prohibit\\n`).join('');

const list = (ports: readonly (number | string)[]): string => (ports.length === 0 ? 'none' : ports.join(','));

const octal = (bytes: Buffer | undefined): string =>
  [...(bytes ?? [])].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** A port that is taken has a service behind it: the server could not listen there anyway, and reaches that. */
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
