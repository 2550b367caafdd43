import type { ChatAnswer } from '../../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult, InvalidCall, OutputItem, ToolOrigin } from '../../contracts/chat-event.ts';
import { lmstudioErrors, paramOf } from './errors.ts';

type Json = Record<string, unknown>;

/** The name of each event on the wire is the type in its data. */
export const createAnswer = (): ChatAnswer => ({
  renderEvent: (event) =>
    renderEvent(event).map((payload) => ({ name: String(payload.type), data: JSON.stringify(payload) })),
  renderResult,
});

/** The answer to a chat that is not streamed, and the data of `chat.end`. */
export function renderResult(result: ChatResult): Json {
  const { stats } = result;
  return {
    model_instance_id: result.model,
    output: result.output.flatMap(renderItem),
    stats: {
      input_tokens: stats.inputTokens,
      total_output_tokens: stats.outputTokens,
      reasoning_output_tokens: stats.reasoningOutputTokens,
      tokens_per_second: stats.tokensPerSecond,
      time_to_first_token_seconds: stats.timeToFirstTokenSeconds,
      ...(stats.modelLoadTimeSeconds === undefined ? {} : { model_load_time_seconds: stats.modelLoadTimeSeconds }),
    },
    ...(result.responseId === undefined ? {} : { response_id: result.responseId }),
  };
}

function renderItem(item: OutputItem): Json[] {
  switch (item.type) {
    case 'message':
    case 'reasoning':
      return [{ type: item.type, content: item.content }];
    case 'tool_call':
      return [
        {
          type: 'tool_call',
          tool: item.tool,
          arguments: item.arguments,
          output: item.output,
          provider_info: renderOrigin(item.origin),
        },
      ];
    case 'invalid_tool_call':
      return [{ type: 'invalid_tool_call', reason: item.reason, metadata: renderInvalid(item.invalid) }];
    case 'client_tool_call':
    case 'confirmation_request':
      // This API has no client tools, and no calls that its caller confirms.
      return [];
  }
}

/** One event → the events on the wire, by name and payload; the payload repeats the name. */
export function renderEvent(event: ChatEvent): Json[] {
  switch (event.type) {
    case 'chat.start': {
      // LM Studio sends the id only at the end; its clients ignore unknown keys.
      const response = event.responseId === undefined ? {} : { response_id: event.responseId };
      return [{ type: event.type, model_instance_id: event.model, ...response }];
    }
    case 'model_load.start':
      return [{ type: event.type, model_instance_id: event.model }];
    case 'model_load.progress':
      return [{ type: event.type, model_instance_id: event.model, progress: event.progress }];
    case 'model_load.end':
      return [{ type: event.type, model_instance_id: event.model, load_time_seconds: event.loadTimeSeconds }];
    case 'tool_call.start': {
      const provider = event.origin === undefined ? {} : { provider_info: renderOrigin(event.origin) };
      // LM Studio documents the first event, and sends the second one as well.
      return [
        { type: 'tool_call.start', tool: event.tool, ...provider },
        { type: 'tool_call.name', tool_name: event.tool, ...provider },
      ];
    }
    case 'tool_call.arguments': {
      const { type, tool, origin } = event;
      return [{ type, tool, arguments: event.arguments, provider_info: renderOrigin(origin) }];
    }
    case 'tool_call.success': {
      const { type, tool, output, origin } = event;
      return [{ type, tool, arguments: event.arguments, output, provider_info: renderOrigin(origin) }];
    }
    case 'tool_call.approval_required': {
      const { type, approvalId, responseId, tool, origin } = event;
      const response = responseId === undefined ? {} : { response_id: responseId };
      const call = { tool, arguments: event.arguments, provider_info: renderOrigin(origin) };
      return [{ type, approval_id: approvalId, ...response, ...call }];
    }
    case 'tool_call.failure':
      return [{ type: event.type, reason: event.reason, metadata: renderInvalid(event.invalid) }];
    case 'client_tool_call.start':
    case 'client_tool_call.delta':
    case 'client_tool_call.end':
    case 'tool_call.confirmation_required':
    case 'tools.listed':
      return [];
    case 'prompt.start':
      return [{ type: 'prompt_processing.start' }];
    case 'prompt.progress': {
      const { processed, total } = event;
      return [{ type: 'prompt_processing.progress', progress: total === 0 ? 1 : processed / total }];
    }
    case 'prompt.end':
      return [{ type: 'prompt_processing.end' }];
    case 'reasoning.delta':
    case 'message.delta':
      return [{ type: event.type, content: event.text }];
    case 'reasoning.start':
    case 'reasoning.end':
    case 'message.start':
    case 'message.end':
      return [{ type: event.type }];
    case 'error':
      return [{ type: 'error', ...lmstudioErrors.renderError(event.error.named(paramOf)).body }];
    case 'chat.end':
      return [{ type: 'chat.end', result: renderResult(event.result) }];
  }
}

function renderOrigin(origin: ToolOrigin): Json {
  return origin.type === 'plugin'
    ? { type: 'plugin', plugin_id: origin.pluginId }
    : { type: 'ephemeral_mcp', server_label: origin.serverLabel };
}

function renderInvalid(invalid: InvalidCall): Json {
  return {
    type: invalid.type,
    tool_name: invalid.toolName,
    ...(invalid.arguments === undefined ? {} : { arguments: invalid.arguments }),
    ...(invalid.origin === undefined ? {} : { provider_info: renderOrigin(invalid.origin) }),
  };
}
