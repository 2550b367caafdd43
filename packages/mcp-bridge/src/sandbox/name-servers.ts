import { readFile, realpath } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';

/** Name queries to these addresses are forwarded to this machine's name server. The addresses belong to no host. */
const forwarded = { ipv4: '240.0.0.53', ipv6: '100::53' } as const;

/** The file that lists the name servers. */
export interface ResolverFile {
  /** Its path with all links resolved. */
  readonly path: string;
  readonly text: string;
}

export const resolverFile = '/etc/resolv.conf';

export async function readResolverFile(): Promise<ResolverFile> {
  const path = await realpath(resolverFile).catch(() => resolverFile);
  return { path, text: await readFile(path, 'utf8').catch(() => '') };
}

/** The file for a network, and the addresses in it that pasta must forward. */
export interface ResolverInside {
  readonly text: string;
  readonly forwarded: readonly string[];
}

/**
 * Returns the file for a network in which some addresses cannot be reached. If a name server has such an address, e.g.
 * 127.0.0.53, the queries of its address family go to an address that can be reached; pasta gives the replies that
 * address. Undefined when the file can be used unchanged.
 */
export function resolverInside(text: string, closed: readonly string[]): ResolverInside | undefined {
  const unreachable = new BlockList();
  for (const route of closed) {
    const [address = '', bits] = route.split('/');
    unreachable.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  const lines = text.split('\n').map((line) => ({ line, server: serverOf(line) }));
  const families = new Set(
    lines.flatMap(({ server }) => (server && unreachable.check(server.address, server.family) ? server.family : [])),
  );
  if (families.size === 0) return undefined;
  const inside = lines.map(({ line, server }) =>
    server !== undefined && families.has(server.family) ? `nameserver ${forwarded[server.family]}` : line,
  );
  return { text: [...new Set(inside)].join('\n'), forwarded: [...families].map((family) => forwarded[family]) };
}

function serverOf(line: string): { readonly address: string; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const [keyword, server = ''] = line.trim().split(/\s+/);
  const [address = ''] = server.split('%');
  const family = isIP(address);
  return keyword === 'nameserver' && family !== 0 ? { address, family: family === 4 ? 'ipv4' : 'ipv6' } : undefined;
}
