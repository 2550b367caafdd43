/** What a server may be labelled. */
export const labelPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

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
