import { applyEdits, modify } from 'jsonc-parser';
import { BridgeError } from '../errors.ts';
import { findServers } from './find-servers.ts';
import { invalid } from './invalid-config.ts';
import { readMcpJson } from './mcp-json.ts';
import { printKeyPath } from './parse-jsonc.ts';
import { labelPattern } from './plugin-id.ts';
import { readJsonc } from './read-jsonc.ts';

const emptyFile = '{\n  "mcpServers": {}\n}\n';

/**
 * Adds a server to the text of an mcp.json and keeps its comments. The result is valid for `parseMcpJson`; placeholders
 * are written unchanged.
 *
 * @param text the file; absent when there is none yet
 * @throws BridgeError `MCP_CONFIG_INVALID` when the file is invalid, already has that server, or would be invalid with
 *   it.
 *
 * @example
 * ```ts
 * import { addServerToMcpJson } from '@latchkey/mcp-bridge';
 *
 * console.log(addServerToMcpJson(undefined, 'files', { command: 'mcp-server-filesystem', args: ['/srv/docs'] }));
 * ```
 */
export function addServerToMcpJson(
  text: string | undefined,
  label: string,
  entry: Readonly<Record<string, unknown>>,
): string {
  const before = text ?? emptyFile;
  const { rootPath, labels } = labelsOf(before);
  if (!labelPattern.test(label)) {
    throw invalid(
      [...rootPath, label],
      'must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first',
    );
  }
  if (labels.includes(label)) throw invalid([...rootPath, label], 'is there already; remove it first');
  const edited = edit(before, [...rootPath, label], entry);
  const known = new Set(problemsOf(before));
  const problem = problemsOf(edited).find((found) => !known.has(found));
  if (problem === undefined) return edited;
  throw new BridgeError('MCP_CONFIG_INVALID', `mcp.json: ${problem}.`, { path: printKeyPath([...rootPath, label]) });
}

/**
 * Removes a server from the text of an mcp.json and keeps all comments outside the removed part.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` when the file is invalid, `MCP_SERVER_UNKNOWN` when it has no such server.
 */
export function removeServerFromMcpJson(text: string, label: string): string {
  const { rootPath, labels } = labelsOf(text);
  if (!labels.includes(label)) {
    const message = `There is no server "${label}" in this mcp.json.`;
    throw new BridgeError('MCP_SERVER_UNKNOWN', message, { path: printKeyPath([...rootPath, label]) });
  }
  return edit(text, [...rootPath, label], undefined);
}

function labelsOf(text: string): { readonly rootPath: readonly string[]; readonly labels: readonly string[] } {
  problemsOf(text);
  const { path, servers, names } = findServers(readJsonc(text).value as Readonly<Record<string, unknown>>);
  if (names !== undefined)
    throw invalid(path, 'is a list, which is only read; to change it here, make it an object of names');
  return { rootPath: path, labels: Object.keys(servers as Readonly<Record<string, unknown>>) };
}

function edit(text: string, path: string[], value: unknown): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: text.includes('\r\n') ? '\r\n' : '\n' };
  return applyEdits(text, modify(text, path, value, { formattingOptions }));
}

/**
 * Returns what is wrong with the entries. Unset variables are not errors of the file; a reference to its folder is
 * allowed.
 *
 * @throws BridgeError for an invalid file
 */
function problemsOf(text: string): readonly string[] {
  const { config } = readMcpJson(text, { environment: {}, folder: '/' });
  return [...config.servers.values()].flatMap((entry) => (entry.transport === 'unreadable' ? [entry.problem] : []));
}
