import { isObject } from '../../input/is-object.ts';

/** An entry as mcp.json has it, or why there is none. */
export type PlainNotation = { readonly entry: Readonly<Record<string, unknown>> } | { readonly problem: string };

/** What some hosts call it, and what mcp.json does. */
const SYNONYMS: Readonly<Record<string, string>> = {
  cmd: 'command',
  envs: 'env',
  uri: 'url',
  http_headers: 'headers',
  httpHeaders: 'headers',
  available_tools: 'tools',
};

/** For people only. */
const NAMES: ReadonlySet<string> = new Set([
  'name',
  'display_name',
  'displayName',
  'bundled',
  'gallery',
  'schema',
  'version',
]);

/** Extensions of Goose that are part of it. */
const BUILT_IN: ReadonlySet<unknown> = new Set(['builtin', 'platform', 'frontend', 'inline_python']);

/**
 * Writes an entry of Codex, Goose, Continue or LibreChat in the notation of mcp.json. Keys that are not known are kept:
 * the reader of mcp.json judges whether they could narrow something.
 */
export function toPlainNotation(raw: unknown): PlainNotation {
  if (!isObject(raw)) return { problem: 'it is not an object of settings' };
  if (BUILT_IN.has(raw.type)) return { problem: `it is a part of its host (type ${String(raw.type)})` };
  const entry: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (NAMES.has(key) || value === null) continue;
    // An empty list of Goose means all of its tools.
    if (key === 'available_tools' && Array.isArray(value) && value.length === 0) continue;
    const name = SYNONYMS[key] ?? key;
    if (name !== key && Object.hasOwn(raw, name)) return { problem: `"${key}" means the same as "${name}"` };
    entry[name] = value;
  }
  takeOptions(entry);
  takeVariables(entry);
  return { entry: plainPlaceholders(entry) as Readonly<Record<string, unknown>> };
}

/** Continue has the headers in `requestOptions`. */
function takeOptions(entry: Record<string, unknown>): void {
  const { requestOptions } = entry;
  if (!isObject(requestOptions) || Object.keys(requestOptions).some((key) => key !== 'headers')) return;
  delete entry.requestOptions;
  addTo(entry, 'headers', isObject(requestOptions.headers) ? requestOptions.headers : {});
}

/** Codex and Goose name the variables that are handed on, instead of writing placeholders. */
function takeVariables(entry: Record<string, unknown>): void {
  const { bearer_token_env_var: bearer, env_http_headers: headers, env_vars: handed, env_keys: keys } = entry;
  if (typeof bearer === 'string') {
    addTo(entry, 'headers', { Authorization: `Bearer ${placeholder(bearer)}` });
    delete entry.bearer_token_env_var;
  }
  if (isObject(headers)) {
    addTo(
      entry,
      'headers',
      Object.fromEntries(Object.entries(headers).map(([name, variable]) => [name, placeholder(String(variable))])),
    );
    delete entry.env_http_headers;
  }
  for (const [key, names] of [
    ['env_vars', handed],
    ['env_keys', keys],
  ] as const) {
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) continue;
    addTo(entry, 'env', Object.fromEntries(names.map((name) => [name, placeholder(name)])));
    delete entry[key];
  }
}

/** Adds to an object in the entry; what it says itself counts. */
function addTo(entry: Record<string, unknown>, key: string, added: Readonly<Record<string, unknown>>): void {
  const own = entry[key];
  if (own !== undefined && !isObject(own)) return;
  if (Object.keys(added).length > 0) entry[key] = { ...added, ...own };
}

/** The placeholder of mcp.json for an environment variable. */
const placeholder = (name: string): string => `\${${name}}`;

/**
 * Replaces the placeholders that mcp.json does not know: Continue's `${{ secrets.NAME }}`, and VS Code's `${input:id}`, whose
 * inputs stay behind in their file.
 */
function plainPlaceholders(value: unknown): unknown {
  if (typeof value === 'string') {
    return value
      .replace(/\$\{\{ ?(?:secrets|inputs|env)\.([A-Za-z_]\w*) ?\}\}/g, (_, name: string) => placeholder(name))
      .replace(/\$\{input:([\w-]+)\}/g, (_, id: string) =>
        placeholder(`MCP_INPUT_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`),
      );
  }
  if (Array.isArray(value)) return value.map(plainPlaceholders);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainPlaceholders(inner)]));
}
