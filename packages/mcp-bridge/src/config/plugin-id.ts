import { createHash } from 'node:crypto';

/** The labels that a request or a command may use; a file may contain any label. */
export const labelPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const shownCharacters = 40;

/**
 * Returns the id by which requests and grants name a server of the mcp.json: `mcp/` and the label in lower case with
 * `_` as `-`, as in LM Studio. For a label with blanks, slashes or other letters, the id is made of its plain
 * characters and six digits derived from the whole label.
 *
 * @example
 * ```ts
 * import { pluginId } from '@latchkey/mcp-bridge';
 *
 * pluginId('oracle_Stream'); // 'mcp/oracle-stream'
 * ```
 */
export function pluginId(label: string): string {
  const folded = label.toLowerCase().replaceAll('_', '-');
  if (labelPattern.test(label)) return `mcp/${folded}`;
  const plain = folded
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, shownCharacters)
    .replace(/[-.]+$/, '');
  const digits = createHash('sha256').update(label).digest('hex').slice(0, 6);
  return `mcp/${plain === '' ? 'server' : plain}-${digits}`;
}
