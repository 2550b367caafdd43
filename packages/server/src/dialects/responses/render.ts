import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatAnswer } from '../../contracts/chat-dialect.ts';
import type { ChatResult, OutputItem } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import {
  approvalRequestId,
  approvalRequestItem,
  clientCallItem,
  inputOf,
  itemId,
  type Json,
  labelOf,
  listedToolsItem,
  mcpCallItem,
  messageItem,
  ranOutcome,
  reasoningItem,
  refusedOutcome,
  type ThoughtStyle,
} from './items.ts';
import type { ShownTools } from './read-tools.ts';
import { createResponseRenderer, toSeconds } from './response-object.ts';
import { ResponseStream } from './response-stream.ts';
import type { ResponsesBody } from './schema.ts';

/** How to render the answer. */
export interface AnswerOptions {
  readonly body: ResponsesBody;
  readonly tools: ShownTools;
  /** This API's name for a field of the request. */
  readonly paramOf: (field: ChatField) => string | undefined;
  /** Seals thoughts, if the request wants them sealed. */
  readonly seal?: (text: string) => string;
}

export function createAnswer(
  { id, createdAt }: AnswerIdentity,
  { body, tools, paramOf, seal }: AnswerOptions,
): ChatAnswer {
  const response = createResponseRenderer(body, tools, createdAt);
  const thoughts: ThoughtStyle = {
    inSummary: body.reasoning?.summary != null,
    ...(seal === undefined ? {} : { seal }),
  };
  const ownId = `resp_${id}`;
  const now = (): number => toSeconds(new Date());
  let whole: Json | undefined;
  const stream = new ResponseStream({ response, id: ownId, ...tools, thoughts, paramOf, now });
  return {
    renderEvent: (event) =>
      stream.render(event).map((payload) => ({ name: String(payload.type), data: JSON.stringify(payload) })),
    renderResult: (result) => {
      const { stats, finishReason, responseId = ownId } = result;
      const isCut = finishReason === 'length';
      const output = renderOutput(responseId, result, tools, thoughts);
      whole = response(responseId, {
        stats,
        output,
        ...(isCut
          ? { status: 'incomplete', incompleteReason: 'max_output_tokens' }
          : { status: 'completed', completedAt: now() }),
      });
      return whole;
    },
    renderKept: () => whole ?? stream.response,
    cancel: () => stream.cancel(),
  };
}

function renderOutput(
  responseId: string,
  { output, finishReason, tools: listed = [] }: ChatResult,
  tools: ShownTools,
  thoughts: ThoughtStyle,
): readonly Json[] {
  const last = output.length - 1;
  return [
    ...listed.map(({ origin, tools: ofServer }, index) =>
      listedToolsItem(itemId('mcpl', responseId, index), labelOf(origin, tools.labels), ofServer),
    ),
    ...output.flatMap((item, position) => {
      const index = listed.length + position;
      const status = finishReason === 'length' && position === last ? 'incomplete' : 'completed';
      return renderItem(item, { responseId, index, status, tools, thoughts });
    }),
  ];
}

interface ItemOptions {
  readonly responseId: string;
  readonly index: number;
  readonly status: 'completed' | 'incomplete';
  readonly tools: ShownTools;
  readonly thoughts: ThoughtStyle;
}

function renderItem(item: OutputItem, { responseId, index, status, tools, thoughts }: ItemOptions): Json[] {
  const idOf = (prefix: string): string => itemId(prefix, responseId, index);
  switch (item.type) {
    case 'message':
      return [messageItem(idOf('msg'), status, item.content)];
    case 'reasoning':
      return [reasoningItem(idOf('rs'), status, thoughts, item.content)];
    case 'client_tool_call': {
      const tool = tools.names.find(item.name);
      const args = tool.isCustom ? inputOf(item.arguments) : JSON.stringify(item.arguments);
      return [clientCallItem(idOf(tool.isCustom ? 'ctc' : 'fc'), 'completed', { callId: item.id, tool }, args)];
    }
    case 'tool_call': {
      const label = labelOf(item.origin, tools.labels);
      const approvalId = tools.approvals.get(item.id);
      const call = { label, name: item.tool, arguments: JSON.stringify(item.arguments), approvalId };
      return [mcpCallItem(idOf('mcp'), call, ranOutcome(item))];
    }
    case 'confirmation_request': {
      const id = approvalRequestId(responseId, index, item.id);
      return [approvalRequestItem(id, labelOf(item.origin, tools.labels), item)];
    }
    case 'invalid_tool_call': {
      const { reason, invalid } = item;
      // A call that could not be parsed, or of no server, cannot be rendered.
      if (invalid.origin === undefined || invalid.arguments === undefined) return [];
      const label = labelOf(invalid.origin, tools.labels);
      const approvalId = tools.approvals.get(item.id);
      const call = { label, name: invalid.toolName, arguments: JSON.stringify(invalid.arguments), approvalId };
      return [mcpCallItem(idOf('mcp'), call, refusedOutcome(reason))];
    }
  }
}
