import { readFile, realpath } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';

/** Questions for names that are sent here go to the name server of this machine. The addresses are nobody's. */
const forwarded = { ipv4: '240.0.0.53', ipv6: '100::53' } as const;

/** The file that says which name servers there are. */
export interface ResolverFile {
  /** Without a link on the way. */
  readonly path: string;
  readonly text: string;
}

export const resolverFile = '/etc/resolv.conf';

export async function readResolverFile(): Promise<ResolverFile> {
  const path = await realpath(resolverFile).catch(() => resolverFile);
  return { path, text: await readFile(path, 'utf8').catch(() => '') };
}

/** The file for a network, and the addresses in it that pasta has to pass on. */
export interface ResolverInside {
  readonly text: string;
  readonly forwarded: readonly string[];
}

/**
 * The file for a network from which some addresses are not reached: where a name server has one of them, such as 127.0.0.53,
 * those of its family are asked by way of an address that is; pasta gives every answer of theirs that address. Undefined
 * when there is none, and the file is good as it is.
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
