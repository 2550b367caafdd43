import type { ToolChoice, ToolDefinition } from '@latchkey/engine';
import type { IntegrationRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { toIntegration } from '../../wire/integrations.ts';
import type { CountBody } from './schema.ts';

const KNOWN = keys('type', 'name', 'description', 'input_schema', 'cache_control');
const KNOWN_IN_SETS = keys('type', 'mcp_server_name', 'default_config', 'configs', 'cache_control');
const KNOWN_IN_CHOICES = keys('type', 'name', 'disable_parallel_tool_use');
const KNOWN_IN_SERVERS = keys('type', 'url', 'name', 'authorization_token', 'tool_configuration');

type Tool = NonNullable<CountBody['tools']>[number];
type McpServer = NonNullable<CountBody['mcp_servers']>[number];

/** The tools of a request: client tools, and those of MCP servers. */
export interface RequestTools {
  readonly clientTools: readonly ToolDefinition[];
  /** The position of each of them in the list that was sent. */
  readonly positions: readonly number[];
  readonly integrations: readonly IntegrationRequest[];
  readonly toolChoice: ToolChoice;
  readonly oneCall?: true;
}

/** Reads the tools. Types that only Anthropic's servers run are ignored. Throws ServerError with the path. */
export function readTools(body: CountBody, ignored: IgnoredKeys): RequestTools {
  const tools = body.tools ?? [];
  const clientTools: ToolDefinition[] = [];
  const positions: number[] = [];
  for (const [position, tool] of tools.entries()) {
    if (tool.type === 'mcp_toolset') ignored.note('tools[]', tool, KNOWN_IN_SETS);
    else if (tool.type && tool.type !== 'custom') ignored.add(`tools[].${tool.type}`);
    else {
      ignored.note('tools[]', tool, KNOWN);
      clientTools.push(toDefinition(tool, position));
      positions.push(position);
    }
  }
  const servers = (body.mcp_servers ?? []).map((server) => toServer(server, tools, ignored));
  requireServers(tools, body.mcp_servers ?? []);
  const integrations = [...(body.integrations ?? []).map(toIntegration), ...servers];
  const toolChoice = readChoice(body, { clientTools, hasTools: clientTools.length + integrations.length > 0 }, ignored);
  const oneCall = body.tool_choice?.disable_parallel_tool_use === true;
  return { clientTools, positions, integrations, toolChoice, ...(oneCall ? { oneCall } : {}) };
}

function toDefinition({ name, description, input_schema: parameters }: Tool, position: number): ToolDefinition {
  if (name == null) throw missing(`tools[${position}].name`);
  return {
    name,
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(description == null ? {} : { description }),
  };
}

/** An MCP server of the request. Its own configuration and the tool sets together select its tools. */
function toServer(server: McpServer, tools: readonly Tool[], ignored: IgnoredKeys): IntegrationRequest {
  ignored.note('mcp_servers[]', server, KNOWN_IN_SERVERS);
  const { name, url, authorization_token: token, tool_configuration: configuration } = server;
  const lists = [
    configuration?.enabled === false ? [] : configuration?.allowed_tools,
    ...tools.map((tool, position) => (isSetOf(tool, name) ? allowedBy(tool, position) : undefined)),
  ].filter((allowed) => allowed != null);
  const [first, ...others] = lists;
  const allowedTools = first?.filter((tool) => others.every((allowed) => allowed.includes(tool)));
  return {
    type: 'ephemeral_mcp',
    serverLabel: name,
    serverUrl: url,
    ...(allowedTools === undefined ? {} : { allowedTools }),
    ...(token == null || token === '' ? {} : { headers: { Authorization: `Bearer ${token}` } }),
  };
}

const isSetOf = ({ type, mcp_server_name: server }: Tool, name: string): boolean =>
  type === 'mcp_toolset' && server === name;

/** The tools that a tool set selects; undefined: all. A request can only select tools, not exclude them. */
function allowedBy({ default_config: standard, configs }: Tool, position: number): readonly string[] | undefined {
  const entries = Object.entries(configs ?? {});
  if (standard?.enabled === false) return entries.flatMap(([name, { enabled }]) => (enabled === true ? [name] : []));
  if (entries.every(([, { enabled }]) => enabled !== false)) return undefined;
  const param = `tools[${position}].configs`;
  throw new ServerError(
    'INVALID_REQUEST',
    `'${param}' leaves out tools of a server: switch all off with 'default_config', and on those that are wanted.`,
    { param },
  );
}

function requireServers(tools: readonly Tool[], servers: readonly McpServer[]): void {
  const position = tools.findIndex(
    ({ type, mcp_server_name: server }) => type === 'mcp_toolset' && !servers.some(({ name }) => name === server),
  );
  if (position === -1) return;
  const param = `tools[${position}].mcp_server_name`;
  throw new ServerError('INVALID_REQUEST', `'${param}' names a server that is not among 'mcp_servers'.`, { param });
}

function readChoice(
  { tool_choice: choice }: CountBody,
  { clientTools, hasTools }: { readonly clientTools: readonly ToolDefinition[]; readonly hasTools: boolean },
  ignored: IgnoredKeys,
): ToolChoice {
  if (choice == null) return 'auto';
  ignored.note('tool_choice', choice, KNOWN_IN_CHOICES);
  if (choice.type === 'auto' || choice.type === 'none') return choice.type;
  if (choice.type === 'any') {
    if (hasTools) return 'required';
    throw invalid('asks for a call of a tool, and there are no tools.');
  }
  const { name } = choice;
  if (name == null) throw missing('tool_choice.name');
  if (!clientTools.some((tool) => tool.name === name)) throw invalid("names a tool that is not among 'tools'.");
  return { name };
}

const missing = (param: string): ServerError =>
  new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
const invalid = (problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'tool_choice' ${problem}`, { param: 'tool_choice' });
