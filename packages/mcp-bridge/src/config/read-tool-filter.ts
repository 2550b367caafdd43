import { invalid, type KeyPath } from './invalid-config.ts';
import type { ToolFilter } from './mcp-config.ts';
import { foldKey } from './narrowing-keys.ts';
import { readSwitch } from './read-switch.ts';

/** The most names in one list, and the longest name. */
const mostNames = 1024;
const longestName = 128;

const including = new Set([
  'allowedtools',
  'allowtools',
  'availabletools',
  'enabledtools',
  'enabletools',
  'includedtools',
  'includetools',
  'onlytools',
  'toolallowlist',
  'tools',
  'toolsallowlist',
  'toolsfilter',
  'toolfilter',
  'toolwhitelist',
]);
const excluding = new Set([
  'alwaysdeny',
  'blockedtools',
  'blocktools',
  'deniedtools',
  'denytools',
  'disabledtools',
  'disabletools',
  'disallowedtools',
  'excludedtools',
  'excludetools',
  'forbiddentools',
  'hiddentools',
  'ignoredtools',
  'ignoretools',
  'toolblacklist',
  'toolblocklist',
  'tooldenylist',
]);
/** An object with these keys contains lists, not tools. */
const includingPart = new Set(['allow', 'allowed', 'allowlist', 'enabled', 'include', 'included', 'only', 'whitelist']);
const excludingPart = new Set([
  'blacklist',
  'block',
  'blocked',
  'blocklist',
  'deny',
  'denied',
  'denylist',
  'disabled',
  'exclude',
  'excluded',
]);

interface Lists {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** Whether a key is one of those that `readToolFilter` reads. */
export const isToolList = (key: string): boolean => including.has(foldKey(key)) || excluding.has(foldKey(key));

/**
 * Reads which tools an entry leaves in, under the key names of all hosts. A list may be a list of names, of objects
 * with a `name`, a text with commas, an object of names with true or false, or an object with lists under `include` and
 * `exclude`; null counts as absent.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` with the path of the key, for any other form and for two lists with the same
 *   meaning
 */
export function readToolFilter(
  raw: Readonly<Record<string, unknown>>,
  path: KeyPath,
  label: string,
): { readonly tools?: ToolFilter } {
  const found: { include?: Named; exclude?: Named } = {};
  const keep = (kind: 'include' | 'exclude', key: string, names: readonly string[] | undefined): void => {
    if (names === undefined) return;
    const other = found[kind];
    if (other !== undefined) throw invalid([...path, key], `means the same as "${other.key}"; keep one`);
    found[kind] = { key, names };
  };
  for (const [key, value] of Object.entries(raw)) {
    if (!isToolList(key) || value === null) continue;
    const lists = readLists(value, [...path, key], excluding.has(foldKey(key)) ? 'exclude' : 'include');
    keep('include', key, lists.include);
    keep('exclude', key, lists.exclude);
  }
  const { include, exclude } = found;
  if (include === undefined && exclude === undefined) return {};
  return {
    tools: {
      ...(include === undefined ? {} : { include: include.names }),
      ...(exclude === undefined ? {} : { exclude: withPlainNames(exclude.names, label) }),
    },
  };
}

interface Named {
  readonly key: string;
  readonly names: readonly string[];
}

function readLists(value: unknown, path: KeyPath, kind: 'include' | 'exclude'): Lists {
  if (typeof value === 'string') {
    const names = value.split(',').map((name) => name.trim());
    return { [kind]: names.map((name) => requireName(name, path)) };
  }
  if (Array.isArray(value)) {
    if (value.length > mostNames) throw invalid(path, `must have at most ${mostNames} names`);
    return readItems(value, path, kind);
  }
  if (typeof value !== 'object' || value === null) throw invalid(path, 'must be a list of names of tools');
  const entries = Object.entries(value);
  if (entries.length > mostNames) throw invalid(path, `must have at most ${mostNames} names`);
  if (entries.some(([key, part]) => isPart(key, part))) return readParts(entries, path);
  return readItems(
    entries.map(([name, state]) => {
      if (typeof state === 'boolean') return { name, enabled: state };
      if (typeof state === 'object' && state !== null && !Array.isArray(state)) return { ...state, name };
      throw invalid([...path, name], 'must be true or false');
    }),
    path,
    kind,
  );
}

const isPart = (key: string, part: unknown): boolean =>
  (Array.isArray(part) || typeof part === 'string') &&
  (includingPart.has(foldKey(key)) || excludingPart.has(foldKey(key)));

function readParts(entries: readonly (readonly [string, unknown])[], path: KeyPath): Lists {
  const lists: { include?: readonly string[] | undefined; exclude?: readonly string[] | undefined } = {};
  for (const [key, part] of entries) {
    const kind = excludingPart.has(foldKey(key)) ? 'exclude' : 'include';
    const inside = [...path, key];
    if (!isPart(key, part))
      throw invalid(inside, 'is not understood; write lists of names under "include" and "exclude"');
    if (lists[kind] !== undefined) throw invalid(inside, 'means the same as another key; keep one');
    lists[kind] = readLists(part, inside, kind)[kind];
  }
  return lists;
}

/** Reads the items of a list. In an including list, items that are switched off are excluded. */
function readItems(items: readonly unknown[], path: KeyPath, kind: 'include' | 'exclude'): Lists {
  const named: string[] = [];
  const off: string[] = [];
  for (const [index, item] of items.entries()) {
    if (typeof item === 'string') {
      named.push(requireName(item, [...path, index]));
      continue;
    }
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw invalid([...path, index], 'must be the name of a tool');
    }
    const { name, ...rest } = item as Readonly<Record<string, unknown>>;
    const text = requireName(name, [...path, index]);
    (readSwitch(rest, [...path, text]) ? named : off).push(text);
  }
  if (kind === 'exclude') {
    // `{ "delete": true }` under an excluding key; an item that is false is not excluded.
    return { exclude: named };
  }
  // If items are only switched off, all other tools are left in.
  if (named.length === 0 && off.length > 0) return { exclude: off };
  return { include: named, ...(off.length === 0 ? {} : { exclude: off }) };
}

function requireName(name: unknown, path: KeyPath): string {
  if (typeof name === 'string' && name !== '' && name.length <= longestName && !/[()]/.test(name)) return name;
  throw invalid(path, `must be the name of a tool, of 1 to ${longestName} characters`);
}

/**
 * Adds plain tool names. Other hosts name a tool together with its server: `mcp__files__delete`, `files/delete`. The
 * tool itself is then excluded.
 */
function withPlainNames(names: readonly string[], label: string): readonly string[] {
  const folded = label.toLowerCase();
  return names.flatMap((name) => {
    const inside = name.replace(/^mcp__/, '');
    const seam = inside.slice(label.length).match(/^(__|[./:])/)?.[0];
    const isOfServer = seam !== undefined && inside.slice(0, label.length).toLowerCase() === folded;
    return isOfServer ? [name, inside.slice(label.length + seam.length)] : [name];
  });
}
