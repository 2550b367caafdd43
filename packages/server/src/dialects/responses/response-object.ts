import type { ChatStats } from '../../contracts/chat-event.ts';
import type { Json } from './items.ts';
import type { RequestTools } from './read-tools.ts';
import type { ResponsesBody } from './schema.ts';

/** What distinguishes the states of a response. */
export interface ResponseState {
  readonly status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  readonly output: readonly Json[];
  readonly stats?: ChatStats;
  readonly error?: Json;
  readonly incompleteReason?: string;
  /** Seconds since 1970. */
  readonly completedAt?: number;
}

/** Renders a response in any state; https://platform.openai.com/docs/api-reference/responses/object. */
export type RenderResponse = (id: string, state: ResponseState) => Json;

/** The response object of one request: what it asked for is repeated in it. */
export function createResponseRenderer(
  body: ResponsesBody,
  { shown }: Pick<RequestTools, 'shown'>,
  createdAt: Date,
): RenderResponse {
  const asked = {
    background: body.background ?? false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    frequency_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' }, verbosity: body.text?.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: shown,
    top_logprobs: 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    ...(body.user == null ? {} : { user: body.user }),
  };
  return (id, { status, output, stats, error, incompleteReason, completedAt }) => ({
    id,
    object: 'response',
    created_at: toSeconds(createdAt),
    completed_at: completedAt ?? null,
    status,
    error: error ?? null,
    incomplete_details: incompleteReason === undefined ? null : { reason: incompleteReason },
    ...asked,
    output,
    usage: stats === undefined ? null : renderUsage(stats),
  });
}

export const toSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

const renderUsage = (stats: ChatStats): Json => ({
  input_tokens: stats.inputTokens,
  input_tokens_details: { cached_tokens: stats.cachedInputTokens, cache_write_tokens: 0 },
  output_tokens: stats.outputTokens,
  output_tokens_details: { reasoning_tokens: stats.reasoningOutputTokens },
  total_tokens: stats.inputTokens + stats.outputTokens,
});
