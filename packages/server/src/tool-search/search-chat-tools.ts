import type { ChatMessage, ToolChoice, ToolDefinition } from '@latchkey/engine';
import type { ToolOrigin } from '../contracts/chat-event.ts';
import type { ChatToolset, ToolCallOutcome } from '../contracts/toolset.ts';
import { createToolFinder, freeName } from './find-tools.ts';

/** The search is a tool of this server itself. */
const ORIGIN: ToolOrigin = { type: 'plugin', pluginId: 'latchkey/tool-search' };

export interface SearchChatToolsOptions {
  /** With more tools than this, the model gets the search in place of their definitions; absent: never. */
  readonly above: number | undefined;
  /** The tools that the caller runs itself, whose names are taken. */
  readonly clientTools: readonly ToolDefinition[];
  /** The conversation: tools that it has called stay in view. */
  readonly messages: readonly ChatMessage[];
  readonly toolChoice: ToolChoice;
}

/**
 * The tools of one chat, of which the model sees those that it has found. The toolset has only tools that are permitted,
 * so nothing else can be found; and each call is decided as without a search.
 */
export function searchChatTools(toolset: ChatToolset, options: SearchChatToolsOptions): ChatToolset {
  const { above, clientTools, messages, toolChoice } = options;
  const { definitions } = toolset;
  if (above === undefined || definitions.length <= above) return toolset;
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const taken = new Set([...byName.keys(), ...clientTools.map(({ name }) => name)]);
  const name = freeName('find_tools', (candidate) => taken.has(candidate));
  const finder = createToolFinder(
    definitions.map((definition) => ({ ...definition, ...groupOf(toolset, definition.name) })),
    name,
    'Call this first; what it finds can be called from then on.',
  );
  const found = new Set<string>();
  const show = (tool: string): void => {
    if (byName.has(tool)) found.add(tool);
  };
  for (const tool of calledIn(messages)) show(tool);
  if (typeof toolChoice === 'object') show(toolChoice.name);

  const search = (args: Record<string, unknown>): ToolCallOutcome => {
    const result = finder.find(args);
    if ('problem' in result) {
      const { problem: reason } = result;
      return { type: 'refused', kind: 'invalid_arguments', tool: name, origin: ORIGIN, arguments: args, reason };
    }
    for (const tool of result.found) show(tool.name);
    const content = [{ type: 'text', text: describe(result.found) }] as const;
    return {
      type: 'ran',
      tool: name,
      origin: ORIGIN,
      arguments: args,
      output: JSON.stringify(content),
      content,
      isError: false,
    };
  };

  return {
    get definitions() {
      return [finder.definition, ...[...found].flatMap((tool) => byName.get(tool) ?? [])];
    },
    listed: definitions,
    describe: (asked) => (asked === name ? { tool: name, origin: ORIGIN, isSearch: true } : toolset.describe(asked)),
    call: async (asked, args, signal, wait) => {
      if (asked === name) return search(args);
      show(asked);
      return toolset.call(asked, args, signal, wait);
    },
    [Symbol.asyncDispose]: () => toolset[Symbol.asyncDispose](),
  };
}

function groupOf(toolset: ChatToolset, name: string): { readonly group?: string } {
  const origin = toolset.describe(name)?.origin;
  if (origin === undefined) return {};
  return { group: origin.type === 'plugin' ? origin.pluginId : origin.serverLabel };
}

function* calledIn(messages: readonly ChatMessage[]): Generator<string> {
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const part of message.content) if (part.type === 'tool_call') yield part.name;
  }
}

/** One line for each: the model reads the whole definitions from then on. */
function describe(found: readonly ToolDefinition[]): string {
  if (found.length === 0) return 'No tool has any of these words. Try others, or a name from the description.';
  const lines = found.map(({ name, description = '' }) => {
    const [first = ''] = description.trim().split('\n', 1);
    return first === '' ? `- ${name}` : `- ${name}: ${first.slice(0, LINE_CHARACTERS)}`;
  });
  return ['These can be called now:', ...lines].join('\n');
}

const LINE_CHARACTERS = 200;
