import { z } from 'zod';
import { BridgeError } from '../errors.ts';
import { dictionary, mostItems } from './dictionary.ts';
import { type Environment, inputVariable, type Substitutions } from './interpolate.ts';
import { check, invalid } from './invalid-config.ts';
import type { McpConfig, McpServerEntry, UnreadableServerEntry } from './mcp-config.ts';
import { pluginId } from './plugin-id.ts';
import { printKeyPath, readJsonc } from './read-jsonc.ts';
import { isServerList, readServerLists } from './read-server-lists.ts';
import { readSwitch } from './read-switch.ts';
import { readServerEntry } from './server-entry.ts';

const rootSchema = dictionary(z.unknown());
const serversSchema = dictionary(z.unknown());
const entrySchema = dictionary(z.unknown());
// VS Code prompts a person for these; a server cannot.
const inputsSchema = z
  .array(z.looseObject({ id: z.string().min(1).max(128), default: z.string().optional() }))
  .max(mostItems);

/** The keys that hold the servers: the common one, and VS Code's. */
const rootKeys = ['mcpServers', 'servers'] as const;

/**
 * Reads an mcp.json in the notations of Claude, Cursor, LM Studio, VS Code, Cline, Roo and Gemini, with comments and
 * trailing commas: `mcpServers` or `servers`, and in each `command`, `args`, `env`, `cwd`, or `url`, `headers`.
 * `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${userHome}` and `${input:id}` are replaced in all of these from
 * `environment`, an input from `MCP_INPUT_<ID>`. A server with an unset variable stays in the configuration and fails
 * to start with that reason. The same holds for a server whose entry is invalid or has an unknown key that may exclude
 * something. A server that is switched off is left out. Lists of tools can only restrict, and keys such as
 * `autoApprove` never grant anything. References to files (`envFile`, `${workspaceFolder}`) need `loadMcpJson`.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` for an invalid file, with the path of the key in `path` and in the message.
 *
 * @example
 * ```ts
 * import { parseMcpJson } from '@latchkey/mcp-bridge';
 *
 * const text = '{ "mcpServers": { "files": { "command": "mcp-server-filesystem", "args": ["/srv/docs"] } } }';
 * const config = parseMcpJson(text, process.env);
 * config.servers.get('files')?.id; // 'mcp/files'
 * ```
 */
export function parseMcpJson(text: string, environment: Environment): McpConfig {
  const { config, envFiles } = readMcpJson(text, { environment });
  const servers = [...config.servers].map(([label, entry]): [string, McpServerEntry] => {
    if (!envFiles.has(label)) return [label, entry];
    return [label, Object.freeze({ problem: 'its envFile is read only with the file of the mcp.json', ...entry })];
  });
  return Object.freeze({ ...config, servers: new Map(servers) });
}

/** A parsed mcp.json, and the variable files of its programs: label to path. */
export interface WrittenConfig {
  readonly config: McpConfig;
  readonly envFiles: ReadonlyMap<string, string>;
}

/** Like `parseMcpJson`, for callers that can read files. */
export function readMcpJson(text: string, given: Omit<Substitutions, 'inputs'>): WrittenConfig {
  const root = check(rootSchema, readJsonc(text), []);
  const [rootKey = 'mcpServers', second] = rootKeys.filter((key) => Object.hasOwn(root, key));
  if (second !== undefined) throw invalid([second], `means the same as "${rootKey}"; keep one`);
  if (root[rootKey] === undefined) throw invalid([rootKey], 'is missing; without servers, write "mcpServers": {}');
  const written = check(serversSchema, root[rootKey], [rootKey]);
  const substitutions = { ...given, inputs: readInputs(root.inputs) };
  const warnings = Object.keys(root)
    .filter((key) => ![rootKey, 'inputs', '$schema'].includes(key) && !isServerList(key))
    .map((key) => `${printKeyPath([key])} is not known and has no effect`);

  const servers = new Map<string, McpServerEntry>();
  const envFiles = new Map<string, string>();
  const labelById = new Map<string, string>();
  const disabled: string[] = [];
  const isOn = readServerLists(root);
  for (const [label, raw] of Object.entries(written)) {
    const path = [rootKey, label];
    const id = pluginId(label);
    try {
      const fields = check(entrySchema, raw, path);
      if (!readSwitch(fields, path) || !isOn(label)) {
        disabled.push(id);
        continue;
      }
      const other = labelById.get(id);
      if (other !== undefined) {
        throw invalid(path, `and ${rootKey}.${other} are both reached as ${id}; rename one of them`);
      }
      labelById.set(id, label);
      const { entry, envFile } = readServerEntry(label, fields, path, substitutions);
      servers.set(label, entry);
      if (envFile !== undefined) envFiles.set(label, envFile);
      warnings.push(...(entry.warnings ?? []));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      const problem = error.message.replace(/^mcp\.json: /, '').replace(/\.$/, '');
      // If two servers have the same id, neither can be used: a grant could mean either.
      const first = [...servers.values()].find((entry) => entry.id === id);
      servers.set(first?.label ?? label, unreadable(first?.label ?? label, id, problem));
    }
  }
  const off = disabled.length === 0 ? {} : { disabled };
  return { config: Object.freeze({ servers, warnings, ...off }), envFiles };
}

/** An invalid entry affects only itself: it stays in the list, with its problem. */
const unreadable = (label: string, id: string, problem: string): UnreadableServerEntry =>
  Object.freeze({ transport: 'unreadable', label, id, problem });

function readInputs(written: unknown): ReadonlyMap<string, string | undefined> {
  const defaults = new Map<string, string | undefined>();
  const idByVariable = new Map<string, string>();
  for (const [index, input] of check(inputsSchema, written ?? [], ['inputs']).entries()) {
    const variable = inputVariable(input.id);
    const other = idByVariable.get(variable);
    if (other !== undefined) {
      throw invalid(['inputs', index, 'id'], `and "${other}" are both answered by ${variable}; rename one of them`);
    }
    idByVariable.set(variable, input.id);
    defaults.set(input.id, input.default);
  }
  return defaults;
}
