import type { ToolChoice, ToolDefinition } from '@latchkey/engine';
import type { IntegrationRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toIntegration } from '../../wire/integrations.ts';
import { readMcpTool } from './read-mcp-tool.ts';
import { readToolChoice } from './read-tool-choice.ts';
import type { CountBody, RequestTool } from './schema.ts';
import { ToolNames } from './tool-names.ts';

const KNOWN_IN_FUNCTIONS = keys('type', 'name', 'description', 'parameters', 'strict');
const KNOWN_IN_CUSTOM = keys('type', 'name', 'description', 'format');
const KNOWN_IN_NAMESPACES = keys('type', 'name', 'description', 'tools');

/** The tools of a request: those of the caller, and those of MCP servers. */
export interface RequestTools {
  readonly clientTools: readonly ToolDefinition[];
  /** Where each of them is in the body, e.g. `tools[1].tools[0]`. */
  readonly places: readonly string[];
  readonly names: ToolNames;
  /** The labels that the caller gave to servers of this server, by plugin id. */
  readonly labels: ReadonlyMap<string, string>;
  readonly integrations: readonly IntegrationRequest[];
  readonly toolChoice: ToolChoice;
  /** The tools as the response repeats them: those that have an effect, without secrets. */
  readonly shown: readonly Readonly<Record<string, unknown>>[];
}

/** What is needed of the tools to show their calls. */
export interface ShownTools extends RequestTools {
  /** The requests for approval that the caller has answered, by call. */
  readonly approvals: ReadonlyMap<string, string>;
}

/** Reads the tools. Kinds that only OpenAI's servers run are ignored. Throws ServerError with the path. */
export function readTools(body: CountBody, ignored: IgnoredKeys): RequestTools {
  const found: Found = {
    clientTools: [],
    places: [],
    names: new ToolNames(),
    labels: new Map(),
    servers: [],
    shown: [],
  };
  for (const [index, tool] of (body.tools ?? []).entries()) readTool(tool, `tools[${index}]`, found, ignored);
  const integrations = [...(body.integrations ?? []).map(toIntegration), ...found.servers];
  const { clientTools, places, names, labels, shown } = found;
  const chosen = readToolChoice(body.tool_choice, { clientTools, names, labels, integrations }, ignored);
  const kept = clientTools.flatMap((tool, index) => (chosen.isAllowed(tool.name) ? [index] : []));
  return {
    clientTools: kept.flatMap((index) => clientTools[index] ?? []),
    places: kept.flatMap((index) => places[index] ?? []),
    names,
    labels,
    integrations: chosen.integrations,
    toolChoice: chosen.toolChoice,
    shown,
  };
}

interface Found {
  readonly clientTools: ToolDefinition[];
  readonly places: string[];
  readonly names: ToolNames;
  readonly labels: Map<string, string>;
  readonly servers: IntegrationRequest[];
  readonly shown: Readonly<Record<string, unknown>>[];
}

function readTool(tool: RequestTool, place: string, found: Found, ignored: IgnoredKeys): void {
  switch (tool.type) {
    case 'function':
    case 'custom':
      readClientTool(tool, place, found, ignored);
      found.shown.push(show(tool));
      return;
    case 'namespace': {
      ignored.note('tools[]', tool, KNOWN_IN_NAMESPACES);
      const namespace = nameOf(tool, place);
      const inner = tool.tools ?? [];
      for (const [index, one] of inner.entries()) {
        const at = `${place}.tools[${index}]`;
        if (one.type === 'function' || one.type === 'custom') readClientTool(one, at, found, ignored, namespace);
        else ignored.add(`tools[].tools[].${one.type}`);
      }
      found.shown.push({ ...pick(tool, 'type', 'name', 'description'), tools: inner.map(show) });
      return;
    }
    case 'mcp': {
      const server = readMcpTool(tool, place, ignored);
      found.servers.push(server);
      if (server.type === 'plugin') found.labels.set(server.id, tool.server_label ?? server.id);
      found.shown.push(
        pick(tool, 'type', 'server_label', 'server_url', 'connector_id', 'allowed_tools', 'require_approval'),
      );
      return;
    }
    default:
      ignored.add(`tools[].${tool.type}`);
  }
}

type ClientTool = Pick<RequestTool, 'type' | 'name' | 'description' | 'parameters' | 'strict' | 'format'>;

function readClientTool(
  tool: ClientTool,
  place: string,
  { clientTools, places, names }: Found,
  ignored: IgnoredKeys,
  namespace?: string,
): void {
  const isCustom = tool.type === 'custom';
  ignored.note('tools[]', tool, isCustom ? KNOWN_IN_CUSTOM : KNOWN_IN_FUNCTIONS);
  const own = { name: nameOf(tool, place), isCustom, ...(namespace === undefined ? {} : { namespace }) };
  const name = names.add(own, `${place}.name`);
  const { description, parameters } = tool;
  clientTools.push({
    name,
    ...(description == null ? {} : { description }),
    parameters: isCustom ? freeText(tool) : (parameters ?? { type: 'object', properties: {} }),
  });
  places.push(place);
}

/** A custom tool as a function with one text. A grammar is shown to the model; it is not enforced. */
function freeText({ format }: ClientTool): Record<string, unknown> {
  const grammar = format?.type === 'grammar' ? format.definition : undefined;
  const description =
    grammar == null
      ? 'The input of the tool, as free text.'
      : `The input of the tool, as text of this ${format?.syntax ?? ''} grammar:\n${grammar}`;
  return {
    type: 'object',
    properties: { input: { type: 'string', description } },
    required: ['input'],
    additionalProperties: false,
  };
}

function nameOf({ name }: Pick<RequestTool, 'name'>, place: string): string {
  if (name != null) return name;
  const param = `${place}.name`;
  throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
}

function show(tool: ClientTool): Readonly<Record<string, unknown>> {
  if (tool.type !== 'function') return pick(tool, 'type', 'name', 'description', 'format');
  const { name, description = null, parameters = null, strict } = tool;
  return { type: 'function', name, description, parameters, strict: strict ?? true };
}

const pick = <T extends object>(value: T, ...names: readonly (keyof T)[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(names.flatMap((name) => (value[name] == null ? [] : [[name, value[name]]])));
