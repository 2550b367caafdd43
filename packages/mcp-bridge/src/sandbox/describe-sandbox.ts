import type { Environment } from '../config/interpolate.ts';
import { reportLayers } from './layers.ts';
import type { SandboxReport } from './sandbox-profile.ts';
import { probeSandboxTools } from './sandbox-tools.ts';

/**
 * Returns the layers that a server with `"sandbox": "auto"` gets on this machine, what is open to it, and which layers
 * do not work here.
 */
export async function describeSandbox(environment: Environment): Promise<SandboxReport | undefined> {
  const tools = await probeSandboxTools(environment);
  return reportLayers({ id: 'mcp/any', label: 'any', transport: 'stdio', command: 'any', args: [], env: {} }, tools);
}
