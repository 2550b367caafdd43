import { createHash } from 'node:crypto';

/** What a server may be labelled in a request or by a command; a file may have any label. */
export const labelPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const shownCharacters = 40;

/**
 * The id by which requests and grants name a server of the mcp.json: `mcp/` and the label in lower case with `_` as `-`,
 * as LM Studio does it. A label with blanks, slashes or other letters has what is plain of it, and six digits that follow from
 * all of it.
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
