import { readFile, realpath } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';

/** Questions for names that are sent here go to the name server of this machine. The addresses are nobody's. */
export const forwarded = { ipv4: '240.0.0.53', ipv6: '100::53' } as const;

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

/**
 * The file for a network from which some addresses are not reached: a name server that has one, such as 127.0.0.53, is asked
 * by way of an address that is; undefined when there is none of them, and the file is good as it is.
 */
export function resolverInside(text: string, closed: readonly string[]): string | undefined {
  const unreachable = new BlockList();
  for (const route of closed) {
    const [address = '', bits] = route.split('/');
    unreachable.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  const lines = text.split('\n').map((line) => {
    const [keyword, server = ''] = line.trim().split(/\s+/);
    const [address = ''] = server.split('%');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (keyword !== 'nameserver' || isIP(address) === 0 || !unreachable.check(address, family)) return line;
    return `nameserver ${forwarded[family]}`;
  });
  const inside = [...new Set(lines)].join('\n');
  return lines.join('\n') === text ? undefined : inside;
}
