import { basename } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import type { SandboxLayer, SandboxReport } from './sandbox-profile.ts';
import type { SandboxTools } from './sandbox-tools.ts';

/** Programs that hand their work to a service outside: walls around them are around nothing, and would only be in the way. */
const containerEngines = ['docker', 'podman', 'nerdctl', 'docker-compose'];

/** Whether an entry's server runs in a container that its command asks a service for. */
export const runsInContainer = ({ command, sandbox = 'auto' }: StdioServerEntry): boolean =>
  sandbox === 'auto' && containerEngines.includes(basename(command));

/** Releases of bubblewrap before this one follow links below folders that a server writes (CVE-2026-87766). */
const soundBubblewrap = [0, 12] as const;

/** Which layers hold a server, and what is open to it; undefined while it is not known what works here. */
export function reportLayers(entry: StdioServerEntry, tools: SandboxTools | undefined): SandboxReport | undefined {
  const { sandbox = 'auto' } = entry;
  const everything = 'all that this user may do';
  if (sandbox === 'off') {
    return { layers: ['process group'], network: true, open: [everything], missing: 'its entry says "off"' };
  }
  if (runsInContainer(entry)) {
    const missing =
      'its command hands its work to a container engine, which runs outside: what that may is said in its arguments';
    return { layers: ['process group'], network: true, open: [everything], missing };
  }
  if (tools === undefined) return undefined;
  const { bubblewrap, prlimit, filters, disablesNamespaces } = tools;
  const layers: SandboxLayer[] = [
    ...(bubblewrap === undefined ? [] : (['bubblewrap'] as const)),
    ...(filters ? (['seccomp'] as const) : []),
    ...(bubblewrap !== undefined && disablesNamespaces ? (['no namespaces'] as const) : []),
    ...(prlimit === undefined ? [] : (['prlimit'] as const)),
    'process group',
  ];
  const network = typeof sandbox === 'object' ? sandbox.network : true;
  const open = [
    ...(bubblewrap === undefined ? [everything] : []),
    ...(network ? ['the network, with services of this machine that listen on addresses or on abstract sockets'] : []),
  ];
  const missing = missingLayers(tools);
  return { layers, network, open, ...(missing === '' ? {} : { missing }) };
}

/** Each layer that does not work here, and why. */
function missingLayers({
  withoutBubblewrap,
  prlimit,
  countsProcesses,
  filters,
  version,
  ...tools
}: SandboxTools): string {
  const hasWalls = withoutBubblewrap === undefined;
  return [
    withoutBubblewrap,
    prlimit === undefined ? 'prlimit does not work here' : undefined,
    prlimit !== undefined && hasWalls && !countsProcesses
      ? 'its processes are not counted, for the kernel counts none of root'
      : undefined,
    hasWalls && !filters ? 'system calls are not filtered, for bubblewrap could not set a filter here' : undefined,
    hasWalls && !tools.disablesNamespaces && !filters ? 'it may make namespaces of its own' : undefined,
    hasWalls && isOld(version)
      ? `bubblewrap ${version} has a known fault with links (CVE-2026-87766): update it to 0.12`
      : undefined,
  ]
    .filter((why) => why !== undefined)
    .join('; ');
}

function isOld(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return (
    version !== undefined &&
    (major < soundBubblewrap[0] || (major === soundBubblewrap[0] && minor < soundBubblewrap[1]))
  );
}
