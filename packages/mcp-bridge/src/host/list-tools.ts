import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { type ArgumentValidator, compileArgumentValidator } from '../tools/argument-validator.ts';
import { readToolDefinition, type ToolDefinition } from '../tools/tool-definition.ts';

export const maxPages = 64;
export const maxToolsPerServer = 256;

/** A tool that can be offered: it is valid, within the limits, and its arguments can be checked. */
export interface ListedTool {
  readonly definition: ToolDefinition;
  readonly validate: ArgumentValidator;
  /** Whether it has a pattern that only its server can check. */
  readonly leavesPattern: boolean;
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
}

/** More than any client accepts; a longer page is not read. */
const mostOnPage = 65_536;
// Deliberately loose: the SDK's own schema would refuse the whole list because of one bad tool.
const pageSchema = z.looseObject({ tools: z.array(z.unknown()).max(mostOnPage), nextCursor: z.string().optional() });

/**
 * Asks a server for its tools, page by page, and keeps those that can be offered. Stops after 64 pages or 256 tools,
 * whichever comes first.
 */
export async function listTools(client: Client, options: ListOptions): Promise<Listing> {
  const problems: ToolProblem[] = [];
  const definitions = new Map<string, ToolDefinition>();
  const twice = new Set<string>();
  for (const item of await readPages(client, options, problems)) {
    const read = readToolDefinition(item);
    if ('problem' in read) problems.push(notOffered(read.name, read.problem));
    else if (definitions.has(read.tool.name)) twice.add(read.tool.name);
    else definitions.set(read.tool.name, read.tool);
  }
  for (const name of twice) {
    definitions.delete(name);
    problems.push(notOffered(name, 'it is defined twice'));
  }

  const tools = new Map<string, ListedTool>();
  for (const definition of definitions.values()) {
    const { name, fingerprint } = definition;
    const known = options.previous.get(name);
    if (known?.definition.fingerprint === fingerprint) {
      tools.set(name, known);
      continue;
    }
    try {
      let leavesPattern = false;
      const validate = compileArgumentValidator(definition, () => {
        leavesPattern = true;
      });
      tools.set(name, { definition, validate, leavesPattern });
    } catch (error) {
      problems.push(notOffered(name, error instanceof Error ? error.message : 'its schema is not valid'));
    }
    // Compiling blocks the event loop, so other tasks run between two tools.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
  }
  for (const [tool, { leavesPattern }] of tools) {
    if (leavesPattern) problems.push({ tool, text: `${tool} has a pattern that is left to the server to check` });
  }
  return { tools, problems };
}

const notOffered = (tool: string | undefined, why: string): ToolProblem => ({
  ...(tool === undefined ? {} : { tool }),
  text: `${tool ?? 'A tool'} is not offered: ${why}`,
});

async function readPages(
  client: Client,
  { signal, timeoutMs }: ListOptions,
  problems: ToolProblem[],
): Promise<readonly unknown[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const raw: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await client.request({ method: 'tools/list', params }, pageSchema, { signal, timeout: timeoutMs });
    raw.push(...result.tools.slice(0, maxToolsPerServer + 1 - raw.length));
    cursor = result.nextCursor;
    if (raw.length > maxToolsPerServer) break;
    if (cursor === undefined) return raw;
  }
  problems.push({ text: `The list is cut after ${maxToolsPerServer} tools or ${maxPages} pages` });
  return raw.slice(0, maxToolsPerServer);
}
