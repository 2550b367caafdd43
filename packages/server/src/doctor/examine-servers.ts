import { describeSandbox, type Environment } from '@latchkey/mcp-bridge';
import { openMcpJson } from '../config/open-mcp-json.ts';
import { ownSecrets, reviewSecrets } from '../config/own-secrets.ts';
import type { ServerConfig } from '../config/schema.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Reads mcp.json as a start does, and tries which layers of a sandbox work here. Starts no MCP server. */
export async function examineServers(
  config: ServerConfig,
  configFile: string,
  environment: Environment,
): Promise<readonly Finding[]> {
  return [...(await examineMcpJson(config, configFile, environment)), await examineSandbox(environment)];
}

async function examineMcpJson(
  config: ServerConfig,
  configFile: string,
  environment: Environment,
): Promise<readonly Finding[]> {
  if (config.mcp === undefined) return [ok('mcp.json', 'there is none')];
  const { servers, warnings } = await openMcpJson(config.mcp, environment);
  const open = reviewSecrets(ownSecrets({ ...config, configFile }, servers, environment));
  const count = `${servers.size} ${servers.size === 1 ? 'server' : 'servers'} in ${config.mcp}`;
  return [
    ok('mcp.json', count),
    ...warnings.map((message) => warning('mcp.json', message)),
    ...open.map((message) => warning('secrets', message)),
  ];
}

async function examineSandbox(environment: Environment): Promise<Finding> {
  const report = await describeSandbox(environment);
  if (report === undefined) return problem('sandbox', 'what works here could not be found out');
  const what = report.layers.join(', ');
  if (report.missing === undefined) return ok('sandbox', what);
  return warning('sandbox', `${what}; not all layers work here`, report.missing);
}
