import { z } from 'zod';
import { BridgeError } from '../errors.ts';
import { dictionary, mostItems } from './dictionary.ts';
import { findServers } from './find-servers.ts';
import { type Environment, inputVariable, type Substitutions } from './interpolate.ts';
import { check, invalid } from './invalid-config.ts';
import type { McpConfig, McpServerEntry, UnreadableServerEntry } from './mcp-config.ts';
import { printKeyPath } from './parse-jsonc.ts';
import { pluginId } from './plugin-id.ts';
import { readJsonc } from './read-jsonc.ts';
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
  const { value, lost } = readJsonc(text);
  const root = check(rootSchema, value, []);
  const { path: place, servers: found, names, beside } = findServers(root);
  const written = check(serversSchema, found, place);
  const lostIn = new Map<PropertyKey, string>();
  for (const { path, problem } of lost) {
    const [key] = path.slice(place.length);
    const label = names === undefined ? key : names[Number(key)];
    const isInside = label !== undefined && place.every((key, index) => path[index] === key);
    if (!isInside || label === '__proto__') throw invalid(path, problem);
    lostIn.set(label, `${printKeyPath(path)} ${problem}`);
  }
  const warnings = Object.keys(beside)
    .filter((key) => !['inputs', '$schema'].includes(key) && !isServerList(key))
    .map((key) => `${printKeyPath([key])} is not known and has no effect`);
  const substitutions = { ...given, inputs: readInputs(root.inputs ?? inputsBeside(root, place), warnings) };

  const servers = new Map<string, McpServerEntry>();
  const envFiles = new Map<string, string>();
  const labelById = new Map<string, string>();
  const disabled: string[] = [];
  const { isOn, problem: heldBack } = readLists(beside);
  for (const [label, raw] of Object.entries(written)) {
    if (isComment(label, raw)) continue;
    const path = [...place, label];
    const id = pluginId(label);
    try {
      const fields = check(entrySchema, raw, path);
      if (!readSwitch(fields, path) || !isOn(label)) {
        disabled.push(id);
        continue;
      }
      const other = labelById.get(id);
      if (other !== undefined) {
        throw invalid(path, `and ${printKeyPath([...place, other])} are both reached as ${id}; rename one of them`);
      }
      labelById.set(id, label);
      const held = lostIn.get(label) ?? heldBack;
      if (held !== undefined) {
        servers.set(label, unreadable(label, id, held));
        continue;
      }
      const { entry, envFile } = readServerEntry(label, fields, path, substitutions);
      servers.set(label, entry);
      if (envFile !== undefined) envFiles.set(label, envFile);
      warnings.push(...(entry.warnings ?? []));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      const problem = inShort(error);
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

const inShort = ({ message }: BridgeError): string => message.replace(/^mcp\.json: /, '').replace(/\.$/, '');

/** JSON has no comments, so people write them as keys. */
function isComment(label: string, value: unknown): boolean {
  return typeof value === 'string' && /^(_|\/\/|#|\$|comment)/i.test(label);
}

/** A list that is not understood holds back every server: any may be one that it leaves out. */
function readLists(beside: Readonly<Record<string, unknown>>): {
  readonly isOn: (label: string) => boolean;
  readonly problem?: string;
} {
  try {
    return { isOn: readServerLists(beside) };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { isOn: () => true, problem: inShort(error) };
  }
}

/** In VS Code's settings the inputs are beside the servers. */
function inputsBeside(root: Readonly<Record<string, unknown>>, [outer, inner]: readonly string[]): unknown {
  const object = inner === undefined || outer === undefined ? undefined : root[outer];
  return (object as Readonly<Record<string, unknown>> | undefined)?.inputs;
}

/** Inputs that cannot be read are as if they were not there: only the servers that use them do not start. */
function readInputs(written: unknown, warnings: string[]): ReadonlyMap<string, string | undefined> {
  const defaults = new Map<string, string | undefined>();
  const idByVariable = new Map<string, string>();
  const given = inputsSchema.safeParse(written ?? []);
  if (!given.success) warnings.push(`inputs is wrong and has no effect: ${given.error.issues[0]?.message ?? ''}`);
  for (const [index, input] of (given.data ?? []).entries()) {
    const variable = inputVariable(input.id);
    const other = idByVariable.get(variable);
    if (other !== undefined) {
      // Either could be meant, so neither is.
      defaults.delete(other);
      const path = printKeyPath(['inputs', index, 'id']);
      warnings.push(`${path} and "${other}" are both answered by ${variable}, and neither has an effect; rename one`);
      continue;
    }
    idByVariable.set(variable, input.id);
    defaults.set(input.id, input.default);
  }
  return defaults;
}
