import type { Confirmation, IntegrationRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import type { RequestTool } from './schema.ts';

const KNOWN = keys(
  ...['type', 'server_label', 'server_url', 'connector_id', 'authorization', 'headers', 'allowed_tools'],
  ...['require_approval', 'server_description'],
);

/**
 * `{"type":"mcp"}`: an MCP server of the request by its `server_url`, or one of this server by its plugin id as
 * `connector_id`. Throws ServerError with the path.
 */
export function readMcpTool(tool: RequestTool, place: string, ignored: IgnoredKeys): IntegrationRequest {
  ignored.note('tools[]', tool, KNOWN);
  const {
    server_label: serverLabel,
    server_url: serverUrl,
    connector_id: id,
    authorization,
    allowed_tools: allowed,
  } = tool;
  if (serverLabel == null) throw missing(`${place}.server_label`);
  const list = Array.isArray(allowed) ? allowed : allowed?.tool_names;
  if (allowed != null && list == null) {
    throw invalid(`${place}.allowed_tools`, "expected a list of names, or one in 'tool_names'");
  }
  const confirm = toConfirmation(tool);
  const chosen = {
    ...(list == null ? {} : { allowedTools: list }),
    ...(confirm === undefined ? {} : { confirm }),
  };
  if (serverUrl == null) {
    if (id == null) throw missing(`${place}.server_url`);
    // This server has its own way in to its own servers.
    for (const name of ['authorization', 'headers'] as const) if (tool[name] != null) ignored.add(`tools[].${name}`);
    return { type: 'plugin', id, ...chosen };
  }
  const headers = {
    ...tool.headers,
    ...(authorization == null || authorization === '' ? {} : { Authorization: `Bearer ${authorization}` }),
  };
  return {
    ...{ type: 'ephemeral_mcp', serverLabel, serverUrl },
    ...chosen,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

/** Without `require_approval`, the grant alone decides. A tool that is in neither of the lists is confirmed. */
function toConfirmation({ require_approval: required }: RequestTool): Confirmation | undefined {
  if (required == null || required === 'never') return undefined;
  if (required === 'always') return 'all';
  const [always, never] = [required.always?.tool_names, required.never?.tool_names];
  if (never == null && always != null) return { only: always };
  return { except: (never ?? []).filter((name) => !always?.includes(name)) };
}

const missing = (param: string): ServerError =>
  new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
const invalid = (param: string, problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'${param}' is not valid: ${problem}.`, { param });
