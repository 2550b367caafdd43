import type { ToolDefinition } from '@latchkey/engine';
import type { ConfirmationRequest, OutputItem, ToolOrigin } from '../../contracts/chat-event.ts';
import type { NamedTool } from './tool-names.ts';

export type Json = Readonly<Record<string, unknown>>;
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export const textPart = (text: string): Json => ({ type: 'output_text', text, annotations: [], logprobs: [] });

export const messageItem = (id: string, status: ItemStatus, text?: string): Json => ({
  ...{ id, type: 'message', status, role: 'assistant' },
  content: text === undefined ? [] : [textPart(text)],
});

/** How a thought is shown: in its summary, if one was asked for, and else as it is; and sealed, if that was asked for. */
export interface ThoughtStyle {
  readonly inSummary: boolean;
  readonly seal?: (text: string) => string;
}

export const reasoningItem = (id: string, status: ItemStatus, style: ThoughtStyle, text?: string): Json => ({
  ...{ id, type: 'reasoning', status },
  summary: style.inSummary && text !== undefined ? [{ type: 'summary_text', text }] : [],
  ...(style.inSummary ? {} : { content: text === undefined ? [] : [{ type: 'reasoning_text', text }] }),
  ...(style.seal === undefined ? {} : { encrypted_content: text === undefined ? '' : style.seal(text) }),
});

/** A call of a tool of the caller. `args` is the JSON text of a function's arguments, or a custom tool's input. */
export function clientCallItem(
  id: string,
  status: ItemStatus,
  { callId, tool }: { readonly callId: string; readonly tool: NamedTool },
  args: string,
): Json {
  const { name, namespace, isCustom } = tool;
  const called = { call_id: callId, name, ...(namespace === undefined ? {} : { namespace }) };
  return isCustom
    ? { id, type: 'custom_tool_call', status, ...called, input: args }
    : { id, type: 'function_call', status, ...called, arguments: args };
}

/** The text of a custom tool's input; a model without the right arguments gives what it wrote. */
export const inputOf = (args: Readonly<Record<string, unknown>>): string =>
  typeof args.input === 'string' ? args.input : JSON.stringify(args);

/** A call that the server makes, before its outcome. */
export interface McpCall {
  readonly label: string;
  readonly name: string;
  readonly arguments: string;
  /** The approval that it waits for, or has waited for. */
  readonly approvalId?: string | undefined;
}

export const mcpCallItem = (id: string, call: McpCall, outcome: Json): Json => ({
  ...{ id, type: 'mcp_call', server_label: call.label, name: call.name, arguments: call.arguments },
  approval_request_id: call.approvalId ?? null,
  output: null,
  error: null,
  ...outcome,
});

type Ran = Extract<OutputItem, { readonly type: 'tool_call' }>;

/** The outcome of a call that was made. */
export function ranOutcome({ content, isError }: Pick<Ran, 'content' | 'isError'>): Json {
  const text = content.map((part) => (part.type === 'text' ? part.text : `[${part.mediaType}]`)).join('\n');
  if (!isError) return { status: 'completed', output: text };
  return { status: 'failed', error: { type: 'mcp_tool_execution_error', content: [{ type: 'text', text }] } };
}

/** The outcome of a call that was refused. */
export const refusedOutcome = (reason: string): Json => ({
  status: 'failed',
  error: { type: 'mcp_tool_execution_error', content: [{ type: 'text', text: reason }] },
});

/** The label of the server of a tool: as the caller named it, or its plugin id. */
export const labelOf = (origin: ToolOrigin, labels: ReadonlyMap<string, string>): string =>
  origin.type === 'ephemeral_mcp' ? origin.serverLabel : (labels.get(origin.pluginId) ?? origin.pluginId);

/** The id of an item: it says in which response it is, and where. */
export const itemId = (prefix: string, responseId: string, index: number): string =>
  `${prefix}_${responseId.replace(/^resp_/, '')}_${index}`;

/** The id of a request for approval: it also says for which call it is. */
export const approvalRequestId = (responseId: string, index: number, callId: string): string =>
  `${itemId('mcpr', responseId, index)}_${callId.replace(/^call_/, '')}`;

/** The call that a request for approval is for. */
export const callIdOf = (requestId: string): string => `call_${requestId.slice(requestId.lastIndexOf('_') + 1)}`;

export const approvalRequestItem = (
  id: string,
  label: string,
  { tool, arguments: args }: ConfirmationRequest,
): Json => ({
  ...{ id, type: 'mcp_approval_request', server_label: label, name: tool, arguments: JSON.stringify(args) },
});

/** The tools of a server. */
export const listedToolsItem = (id: string, label: string, tools: readonly ToolDefinition[]): Json => ({
  ...{ id, type: 'mcp_list_tools', server_label: label, error: null },
  tools: tools.map(({ name, description, parameters }) => ({
    ...{ name, description: description ?? null, input_schema: parameters, annotations: null },
  })),
});
