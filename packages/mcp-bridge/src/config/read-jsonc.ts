import { getNodePath, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { BridgeError } from '../errors.ts';

/** Formats `['mcpServers', 'files', 'args', 1]` as `mcpServers.files.args[1]`. */
export function printKeyPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** A key that would be lost: it is written twice, or objects cannot hold it. */
export interface LostKey {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

/** A parsed text, and the keys that were lost on the way. */
export interface ReadJson {
  readonly value: unknown;
  readonly lost: readonly LostKey[];
}

/** Parses JSON with comments and trailing commas. */
export function readJsonc(text: string): ReadJson {
  try {
    return readTree(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BridgeError('MCP_CONFIG_INVALID', 'The mcp.json is nested too deeply to be one.', { path: '', cause });
  }
}

function readTree(text: string): ReadJson {
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined || tree === undefined) {
    const before = text.slice(0, first?.offset ?? 0).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const what = first === undefined ? 'it is empty' : printParseErrorCode(first.error);
    throw new BridgeError('MCP_CONFIG_INVALID', `The mcp.json is not JSON: ${what} at ${place}.`, { path: '' });
  }
  return { value: getNodeValue(tree), lost: [...lostKeys(tree)] };
}

function* lostKeys(root: Node): Generator<LostKey> {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    pending.push(...(node.children ?? []));
    if (node.type !== 'object') continue;
    const seen = new Set<unknown>();
    for (const property of node.children ?? []) {
      const key = property.children?.[0]?.value;
      if (!seen.has(key) && key !== '__proto__') {
        seen.add(key);
        continue;
      }
      const problem = seen.has(key) ? 'is written twice; remove one of them' : 'is no usable name';
      yield { path: [...getNodePath(node), String(key)], problem };
    }
  }
}
