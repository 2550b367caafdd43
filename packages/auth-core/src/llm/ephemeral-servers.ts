import { GLOB_DEFINITION, GLOBS } from '../authority/grant-schema.ts';
import { printName } from '../authority/print-name.ts';
import type { ResourceKind } from '../authority/resource-kind.ts';
import { globsCover, matchesAnyGlob } from '../matching/glob.ts';
import { anyHostMatches, hostsCover, readHost } from '../matching/host-glob.ts';

/** Request-scoped MCP servers: globs over their hosts and over their tools. */
export interface EphemeralRule {
  readonly hosts: readonly string[];
  readonly tools: readonly string[];
}

/** A request-scoped MCP server; without `tool`: whether anything of it may be used. */
export interface EphemeralRequest {
  /** The host, with its port if that is not 443: `mcp.example.com`, `mcp.example.com:8443`. */
  readonly host: string;
  readonly tool?: string;
}

/** The resource kind of request-scoped MCP servers. */
export const ephemeralServers: ResourceKind<EphemeralRule, EphemeralRequest> = Object.freeze<
  ResourceKind<EphemeralRule, EphemeralRequest>
>({
  schema: {
    type: 'object',
    required: ['hosts', 'tools'],
    additionalProperties: false,
    properties: { hosts: GLOBS, tools: GLOBS },
  },
  definitions: GLOB_DEFINITION,
  everything: { hosts: ['*'], tools: ['*'] },
  check({ hosts, tools }, check) {
    check.hosts(hosts, ['hosts']);
    check.globs(tools, ['tools']);
  },
  describe,
  decide({ hosts, tools }, asked, { steps }) {
    const { host, tool } = asked;
    if (!anyHostMatches(hosts, readHost(host), steps)) {
      return { allowed: false, reason: `${printName(describe(asked))} is not granted` };
    }
    if (tool === undefined ? tools.length === 0 : !matchesAnyGlob(tools, tool, steps)) {
      return { allowed: false, reason: `${printName(`${host}.${tool ?? '*'}`)} is not granted` };
    }
    return { allowed: true };
  },
  covers: (parent, child, steps) =>
    parent !== undefined &&
    hostsCover(parent.hosts, child.hosts, steps) &&
    globsCover(parent.tools, child.tools, steps),
  names: ({ hosts }) => hosts,
});

function describe({ host }: EphemeralRequest): string {
  return `MCP server at ${host}`;
}
