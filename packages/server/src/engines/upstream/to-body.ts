import {
  type ChatMessage,
  callsOf,
  type GenerateRequest,
  type InputPart,
  type ReasoningEffort,
  type ToolChoice,
  textOf,
} from '@latchkey/engine';

const EFFORTS: Readonly<Record<ReasoningEffort, string>> = {
  off: 'none',
  low: 'low',
  medium: 'medium',
  high: 'high',
  on: 'medium',
};

/**
 * Builds the body of `POST /v1/chat/completions`, or of `/v1/completions` for a prompt, from a turn. It contains nothing else of the caller's request.
 */
export function toBody(request: GenerateRequest, model: string, cacheSalt: string | undefined): object {
  const { sampling, tools } = request;
  return withoutUndefined({
    model,
    ...(request.prompt === undefined
      ? { messages: request.messages.map(toMessage) }
      : { prompt: request.prompt.text, suffix: request.prompt.suffix }),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: request.maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    // vLLM and SGLang read the first name, llama.cpp the second.
    repetition_penalty: sampling.repeatPenalty,
    repeat_penalty: sampling.repeatPenalty,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    seed: sampling.seed,
    logit_bias: sampling.tokenBias,
    stop: request.stop.length === 0 ? undefined : request.stop,
    tools: tools.length === 0 ? undefined : tools.map((tool) => ({ type: 'function', function: tool })),
    parallel_tool_calls: tools.length > 0 && request.oneCall ? false : undefined,
    tool_choice: tools.length === 0 ? undefined : toToolChoice(request.toolChoice),
    reasoning_effort: request.reasoning === undefined ? undefined : EFFORTS[request.reasoning],
    response_format:
      request.responseSchema === undefined
        ? undefined
        : { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: request.responseSchema } },
    cache_salt: cacheSalt,
  });
}

function toMessage(message: ChatMessage): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: toContent(message.content) };
    case 'assistant': {
      const calls = callsOf(message).map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      }));
      return withoutUndefined({
        role: 'assistant',
        content: textOf(message.content),
        tool_calls: calls.length === 0 ? undefined : calls,
      });
    }
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: toContent(message.content) };
  }
}

/** Text alone is sent as text: not every server takes a list of parts. */
const toContent = (parts: readonly InputPart[]): unknown =>
  parts.every((part) => part.type === 'text')
    ? parts.map((part) => part.text).join('\n')
    : parts.map((part) =>
        part.type === 'text'
          ? { type: 'text', text: part.text }
          : { type: 'image_url', image_url: { url: `data:${part.mediaType};base64,${part.data}` } },
      );

const toToolChoice = (choice: ToolChoice): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

const withoutUndefined = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
