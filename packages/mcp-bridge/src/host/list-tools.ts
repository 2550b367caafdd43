import type { Client } from '@modelcontextprotocol/client';
import { type ArgumentValidator, compileArgumentValidator } from '../tools/argument-validator.ts';
import { readToolDefinition, type ToolDefinition } from '../tools/tool-definition.ts';
import { readPages } from './read-pages.ts';

export const maxToolsPerServer = 1024;

/** A tool that can be offered: it is readable and within the limits. */
export interface ListedTool {
  readonly definition: ToolDefinition;
  /** Checks arguments as far as the schema can be read; its server checks the rest. */
  readonly validate: ArgumentValidator;
  /** What only its server can check, in words for the operator that follow the tool's name. */
  readonly notes: readonly string[];
}

/** What a server offers: tool name to tool, in the server's order. */
export type ToolCatalogue = ReadonlyMap<string, ListedTool>;

/** A problem with a list, or with one of its tools. */
export interface ToolProblem {
  /** The tool's name; absent: it has no name that could be shown, or the whole list is meant. */
  readonly tool?: string;
  /** A sentence for the operator. */
  readonly text: string;
}

/** A list of tools, and the problems with those left out. */
export interface Listing {
  readonly tools: ToolCatalogue;
  readonly problems: readonly ToolProblem[];
}

export interface ListOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The previous list: unchanged definitions need not be compiled again. */
  readonly previous: ToolCatalogue;
  /** Whether the mcp.json leaves a tool in; those come first where a list must be cut. Absent: all. */
  readonly isWanted?: (tool: string) => boolean;
}

/**
 * Asks a server for its tools and keeps those that can be offered: at most 1,024. A tool whose arguments cannot be
 * checked here is offered unchecked, and told: its server checks its own arguments, and a gate judges without schema.
 */
export async function listTools(client: Client, options: ListOptions): Promise<Listing> {
  const pages = await readPages(client, options);
  const problems: ToolProblem[] = pages.problems.map((text) => ({ text }));
  const { definitions, notes } = readDefinitions(pages.items, problems);
  const tools = new Map<string, ListedTool>();
  for (const definition of withinCap(definitions, options.isWanted, problems)) {
    const { name, fingerprint } = definition;
    const known = options.previous.get(name);
    if (known?.definition.fingerprint === fingerprint) {
      tools.set(name, known);
      continue;
    }
    tools.set(name, compile(definition, notes.get(name) ?? []));
    // Compiling blocks the event loop, so other tasks run between two tools.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
  }
  for (const [tool, { notes: told }] of tools) {
    for (const note of told) problems.push({ tool, text: `${tool} ${note}` });
  }
  return { tools, problems };
}

interface Definitions {
  readonly definitions: ReadonlyMap<string, ToolDefinition>;
  readonly notes: ReadonlyMap<string, readonly string[]>;
}

/** Reads what can be read; a tool that is listed twice in the same words is one tool. */
function readDefinitions(items: readonly unknown[], problems: ToolProblem[]): Definitions {
  const definitions = new Map<string, ToolDefinition>();
  const notes = new Map<string, readonly string[]>();
  const twice = new Set<string>();
  for (const item of items) {
    const read = readToolDefinition(item);
    if ('problem' in read) {
      problems.push(notOffered(read.name, read.problem));
      continue;
    }
    const { name, fingerprint } = read.tool;
    const first = definitions.get(name);
    if (first !== undefined && first.fingerprint !== fingerprint) twice.add(name);
    if (first !== undefined) continue;
    definitions.set(name, read.tool);
    notes.set(name, read.notes);
  }
  for (const name of twice) {
    definitions.delete(name);
    problems.push(notOffered(name, 'it is defined twice, in different words'));
  }
  return { definitions, notes };
}

/** Those that the mcp.json leaves in come first, so that a cut takes what was not asked for. */
function withinCap(
  definitions: ReadonlyMap<string, ToolDefinition>,
  isWanted: ListOptions['isWanted'] = () => true,
  problems: ToolProblem[],
): readonly ToolDefinition[] {
  const all = [...definitions.values()];
  if (all.length <= maxToolsPerServer) return all;
  const wanted = all.filter(({ name }) => isWanted(name));
  const others = all.filter(({ name }) => !isWanted(name));
  const text =
    `The list has ${all.length} tools and is cut after ${maxToolsPerServer}: ` +
    'name those to use in the "allowedTools" of its entry in the mcp.json';
  if (wanted.length > maxToolsPerServer) problems.push({ text });
  const kept = new Set([...wanted, ...others].slice(0, maxToolsPerServer));
  return all.filter((definition) => kept.has(definition));
}

/** Words whose schemas may turn out to be unreadable; all others compile once they are repaired. */
const uncertain = /"(?:\$\w+|pattern|patternProperties|propertyNames|dependent\w+|dependencies)":/;

function compile(definition: ToolDefinition, repaired: readonly string[]): ListedTool {
  // Compiling a thousand schemas would take longer than a server may take to start.
  if (!uncertain.test(JSON.stringify(definition.inputSchema))) {
    let compiled: ArgumentValidator | undefined;
    const validate: ArgumentValidator = (value) => {
      compiled ??= compileNow(definition, []).validate;
      return compiled(value);
    };
    return { definition, validate, notes: repaired };
  }
  return compileNow(definition, repaired);
}

function compileNow(definition: ToolDefinition, repaired: readonly string[]): ListedTool {
  const notes = [...repaired];
  try {
    let leavesPattern = false;
    const validate = compileArgumentValidator(definition, () => {
      leavesPattern = true;
    });
    if (leavesPattern) notes.push('has a pattern that is left to the server to check');
    return { definition, validate, notes };
  } catch {
    notes.push('has a schema that cannot be read here: its arguments are left to the server to check');
    return { definition, validate: () => undefined, notes };
  }
}

const notOffered = (tool: string | undefined, why: string): ToolProblem => ({
  ...(tool === undefined ? {} : { tool }),
  text: `${tool ?? 'A tool'} is not offered: ${why}`,
});
