import { getNodePath, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** Formats `['mcpServers', 'files', 'args', 1]` as `mcpServers.files.args[1]`. */
export function printKeyPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** A text that cannot be read. Its message says what is wrong and where, and quotes nothing but names. */
export class JsoncError extends Error {
  override readonly name = 'JsoncError';
  /** The key at fault, such as `mcpServers.files`; empty when it is the text as a whole. */
  readonly path: string;

  constructor(message: string, path = '', options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
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

/**
 * Parses a file that a person writes: JSON with comments, trailing commas and a byte order mark. A key that appears twice,
 * or that objects cannot hold, is an error, because it would be lost.
 *
 * @throws {JsoncError} for everything else
 * @example
 * ```ts
 * import { parseJsonc } from '@latchkey/mcp-bridge/jsonc';
 *
 * console.log(parseJsonc('{ "port": 1234, // any free one: 0\n}')); // { port: 1234 }
 * ```
 */
export function parseJsonc(text: string): unknown {
  const { value, lost } = parseLeniently(text);
  const [first] = lost;
  if (first !== undefined) throw new JsoncError(first.problem, printKeyPath(first.path));
  return value;
}

/** Parses such a file, and names the keys that were lost instead of refusing it. Throws JsoncError. */
export function parseLeniently(text: string): ReadJson {
  try {
    return parseWhole(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new JsoncError('it is nested too deeply', '', { cause });
  }
}

function parseWhole(text: string): ReadJson {
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined || tree === undefined) {
    const before = text.slice(0, first?.offset ?? 0).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const what = first === undefined ? 'it is empty' : printParseErrorCode(first.error);
    throw new JsoncError(`${what} at ${place}`);
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
