/**
 * The id by which requests and grants name a server of the mcp.json: `mcp/` and the label in lower case with `_` as `-`,
 * as LM Studio does it.
 *
 * @example
 * ```ts
 * import { pluginId } from '@latchkey/mcp-bridge';
 *
 * pluginId('oracle_Stream'); // 'mcp/oracle-stream'
 * ```
 */
export function pluginId(label: string): string {
  return `mcp/${label.toLowerCase().replaceAll('_', '-')}`;
}
