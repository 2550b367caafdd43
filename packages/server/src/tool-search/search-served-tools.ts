import type { ServedResult, ServedTool, ServedTools } from '../contracts/served-tools.ts';
import { isObject } from '../input/is-object.ts';
import { createToolFinder, freeName, type ToolFinder } from './find-tools.ts';

/** The names that the two tools of the search may have; only calls of these need the list. */
const OWN_NAME = /^(?:find_tools|call_tool)(?:_\d+)?$/;

type Findable = ServedTool & { readonly parameters: Record<string, unknown> };

/** The search over a list, and the names under which it is served. */
interface Search {
  readonly finder: ToolFinder<Findable>;
  readonly caller: ServedTool;
}

/**
 * The tools of one request to `/mcp`, with a search in place of a long list. Requests to `/mcp` have no memory and
 * clients call only what was listed, so a found tool is called through `call_tool`, which decides as for any other call.
 *
 * @param above with more tools than this, the search is listed in their place; absent: never
 */
export function searchServedTools(served: ServedTools, above: number | undefined): ServedTools {
  if (above === undefined) return served;
  return {
    async list(signal) {
      const tools = await served.list(signal);
      const search = searchOver(tools, above);
      if (search === undefined) return tools;
      const { name, description = '', parameters } = search.finder.definition;
      return [search.caller, { name, description, inputSchema: parameters }];
    },
    async call(name, args, signal, onProgress) {
      const search = OWN_NAME.test(name) ? searchOver(await served.list(signal), above) : undefined;
      if (search !== undefined && name === search.finder.definition.name) return found(search.finder, args);
      if (search === undefined || name !== search.caller.name) return served.call(name, args, signal, onProgress);
      const { name: wanted, arguments: inner = {} } = args;
      if (typeof wanted !== 'string') return refusal('"name" must be the name of a tool that was found');
      if (!isObject(inner)) return refusal('"arguments" must be an object: the arguments of the tool');
      const result = await served.call(wanted, inner, signal, onProgress);
      // The protocol's error would say that `call_tool` is unknown.
      return result ?? refusal('there is no tool of this name; find one first');
    },
  };
}

function searchOver(tools: readonly ServedTool[], above: number): Search | undefined {
  if (tools.length <= above) return undefined;
  const taken = new Set(tools.map(({ name }) => name));
  const [finding, calling] = ['find_tools', 'call_tool'].map((name) => freeName(name, (one) => taken.has(one)));
  const findable = tools.map((tool) => ({ ...tool, parameters: tool.inputSchema }));
  const finder = createToolFinder(findable, finding ?? '', `What it finds is called with ${calling}.`);
  return { finder, caller: callerOf(calling ?? '', finding ?? '') };
}

const callerOf = (name: string, finding: string): ServedTool => ({
  name,
  description: `Calls a tool that ${finding} has found.`,
  inputSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'The name of the tool.' },
      arguments: { type: 'object', description: 'Its arguments, as its inputSchema wants them.' },
    },
    required: ['name'],
  },
});

function found(finder: ToolFinder<Findable>, args: Record<string, unknown>): ServedResult {
  const result = finder.find(args);
  if ('problem' in result) return refusal(result.problem);
  const tools = result.found.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return { content: [{ type: 'text', text: JSON.stringify({ tools }) }], isError: false };
}

const refusal = (reason: string): ServedResult => ({
  content: [{ type: 'text', text: `Error: ${reason}` }],
  isError: true,
});
