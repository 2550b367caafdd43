import type { ChatMessage, GenerateRequest, ReasoningEffort, ToolChoice } from '@latchkey/engine';

const EFFORTS: Readonly<Record<ReasoningEffort, string>> = {
  off: 'none',
  low: 'low',
  medium: 'medium',
  high: 'high',
  on: 'medium',
};

/** Builds the body of `POST /v1/chat/completions` from a turn. It contains nothing else of the caller's request. */
export function toBody(request: GenerateRequest, model: string, cacheSalt: string | undefined): object {
  const { sampling, tools } = request;
  return withoutUndefined({
    model,
    messages: request.messages.map(toMessage),
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
    stop: request.stop.length === 0 ? undefined : request.stop,
    tools: tools.length === 0 ? undefined : tools.map((tool) => ({ type: 'function', function: tool })),
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
      return {
        role: 'user',
        content: message.content.every((part) => part.type === 'text')
          ? message.content.map((part) => part.text).join('\n')
          : message.content.map((part) =>
              part.type === 'text'
                ? { type: 'text', text: part.text }
                : { type: 'image_url', image_url: { url: `data:${part.mediaType};base64,${part.data}` } },
            ),
      };
    case 'assistant':
      return withoutUndefined({
        role: 'assistant',
        content: message.content,
        tool_calls: message.toolCalls?.map(({ id, name, arguments: args }) => ({
          id,
          type: 'function',
          function: { name, arguments: JSON.stringify(args) },
        })),
      });
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
}

const toToolChoice = (choice: ToolChoice): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

const withoutUndefined = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
