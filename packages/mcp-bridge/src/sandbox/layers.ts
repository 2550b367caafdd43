import { basename } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { namedPorts } from './named-ports.ts';
import type { SandboxLayer, SandboxReport } from './sandbox-profile.ts';
import type { SandboxTools } from './sandbox-tools.ts';

/**
 * Programs that hand their work to an outside service. A sandbox around them would not confine that work and would only
 * be in the way.
 */
const containerEngines = ['docker', 'podman', 'nerdctl', 'docker-compose'];

/** Whether the command asks a service to run the server in a container. */
export const runsInContainer = ({ command, sandbox = 'auto' }: StdioServerEntry): boolean =>
  sandbox === 'auto' && containerEngines.includes(basename(command));

/** Older releases of bubblewrap follow links below folders that a server writes (CVE-2026-87766). */
const soundBubblewrap = [0, 12] as const;

/** Returns the layers around a server, and what is open to it; undefined while it is not known what works here. */
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
  const { bubblewrap, prlimit, filters, disablesNamespaces, withoutNetwork } = tools;
  const network = typeof sandbox === 'object' ? sandbox.network : true;
  const hasOwnNetwork = tools.network !== undefined && (network || entry.ports !== undefined);
  const layers: SandboxLayer[] = [
    ...(bubblewrap === undefined ? [] : (['bubblewrap'] as const)),
    ...(filters ? (['seccomp'] as const) : []),
    ...(bubblewrap !== undefined && disablesNamespaces ? (['no namespaces'] as const) : []),
    ...(hasOwnNetwork ? (['own network'] as const) : []),
    ...(prlimit === undefined ? [] : (['prlimit'] as const)),
    'process group',
  ];
  const open = [
    ...(bubblewrap === undefined ? [everything] : []),
    ...(network && !hasOwnNetwork
      ? ['the network, with services of this machine that listen on addresses or on abstract sockets']
      : []),
    ...(network && hasOwnNetwork ? ['the network outside of this machine'] : []),
    ...(hasOwnNetwork ? openPorts(entry) : []),
  ];
  const missing = [
    missingLayers(tools),
    ...(bubblewrap !== undefined && network && !hasOwnNetwork
      ? [`it has no network of its own: ${withoutNetwork}`]
      : []),
  ]
    .filter((why) => why !== '')
    .join('; ');
  return { layers, network, open, ...(missing === '' ? {} : { missing }) };
}

/** The ports of this machine that are open, with the setting that opens others. */
function openPorts(entry: StdioServerEntry): readonly string[] {
  const { reached, served } = namedPorts(entry);
  const others = '"ports" in its "sandbox" opens others';
  return [
    reached.length === 0
      ? `of this machine no port: ${others}`
      : `of this machine the ports ${reached.join(', ')}: ${others}`,
    ...(served.length === 0 ? [] : [`to listen on localhost: ${served.join(', ')}`]),
  ];
}

/** Lists the layers that do not work here, with the reasons. */
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
