import type { EngineEvent, FinishReason, GenerateRequest, TokenUsage } from '@latchkey/engine';
import { z } from 'zod';
import { list } from '../../input/bounded.ts';
import { isObject } from '../../input/is-object.ts';
import { BrokenStream } from './read-events.ts';
import { errorOf, toRefusal } from './refusal.ts';

const text = z.string().nullish();
const tokens = z.int().min(0).max(1e9).nullish().catch(undefined);
const chunkSchema = z.looseObject({
  choices: list(
    z.looseObject({
      delta: z
        .looseObject({
          content: text,
          reasoning: text,
          reasoning_content: text,
          tool_calls: list(
            z.looseObject({
              index: z.int().min(0).max(1023).default(0),
              function: z.looseObject({ name: text, arguments: text }).nullish(),
            }),
            1024,
          ).nullish(),
        })
        .nullish(),
      /** Of a completion. */
      text,
      finish_reason: text,
      // vLLM says here which stop string it was.
      stop_reason: z.union([z.string(), z.number()]).nullish(),
    }),
    1024,
  ).nullish(),
  usage: z
    .looseObject({
      prompt_tokens: tokens,
      completion_tokens: tokens,
      prompt_tokens_details: z.looseObject({ cached_tokens: tokens }).nullish().catch(undefined),
      completion_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
  error: z.unknown().optional(),
});

interface OpenCall {
  readonly name: string;
  text: string;
}

/** Reads a turn from the chunks of an upstream server, and counts its tokens as exactly as the chunks allow. */
export class UpstreamTurn {
  readonly #request: GenerateRequest;
  readonly #promptEstimate: number;
  /** The maximum of prompt and answer tokens together, whatever the server reports. */
  readonly #most: number;
  readonly #calls = new Map<number, OpenCall>();
  #pieces = 0;
  #bytes = 0;
  #reasoningPieces = 0;
  #finish: { readonly reason: FinishReason; readonly stopString?: string } | undefined;
  #reported: z.infer<typeof chunkSchema>['usage'];

  constructor(request: GenerateRequest, promptEstimate: number, most: number) {
    this.#request = request;
    this.#promptEstimate = promptEstimate;
    this.#most = most;
  }

  get promptEstimate(): number {
    return this.#promptEstimate;
  }

  /** How the answer ended; undefined while it has not. */
  get finish(): { readonly reason: FinishReason; readonly stopString?: string } | undefined {
    return this.#finish;
  }

  /**
   * Whether the server has sent much more than it was allowed; the answer is then cut off. The bounds are loose: a
   * token may arrive in two pieces, and some tokens have many bytes.
   */
  get isEndless(): boolean {
    const allowed = this.#request.maxOutputTokens ?? this.#most;
    return this.#pieces > 2 * allowed + 32 || this.#bytes > 64 * allowed + 4096;
  }

  /**
   * Estimates the tokens of an answer without a count: one for each piece or for every four bytes, whichever is more.
   */
  get #outputEstimate(): number {
    return Math.min(this.#most, Math.max(this.#pieces, Math.ceil(this.#bytes / 4)));
  }

  /** The server's count if it is plausible, otherwise our estimate. */
  get usage(): TokenUsage {
    const said = this.#reported;
    const isPossible = (count: number, least: number): boolean => count >= least && count <= this.#most;
    const prompt = said?.prompt_tokens ?? 0;
    const promptTokens = isPossible(prompt, 1) ? prompt : Math.min(this.#promptEstimate, this.#most);
    const output = said?.completion_tokens ?? -1;
    // A tokenizer makes at least one token for every sixteen bytes.
    const least = this.#pieces === 0 ? 0 : Math.max(1, Math.floor(this.#bytes / 16));
    const outputTokens = isPossible(output, least) ? output : this.#outputEstimate;
    const cached = this.#reported?.prompt_tokens_details?.cached_tokens ?? 0;
    const reasoning = this.#reported?.completion_tokens_details?.reasoning_tokens ?? this.#reasoningPieces;
    return {
      promptTokens,
      cachedTokens: Math.min(cached, promptTokens),
      outputTokens,
      reasoningTokens: Math.min(reasoning, outputTokens),
    };
  }

  /** Throws BrokenStream for data that is not a chunk, EngineError for an error that the server reports. */
  *read(data: string): Generator<EngineEvent> {
    const { success, data: chunk } = chunkSchema.safeParse(parseJson(data));
    if (!success) throw new BrokenStream('it sent something that is not a chunk of an answer');
    if (chunk.error != null) throw toRefusal(statusOf(chunk.error), chunk);
    if (chunk.usage != null) this.#reported = chunk.usage;
    const [choice] = chunk.choices ?? [];
    if (choice === undefined) return;
    const content = choice.delta?.content ?? choice.text;
    const { reasoning_content: thought = choice.delta?.reasoning, tool_calls: calls } = choice.delta ?? {};
    if (thought) {
      this.#count(thought);
      this.#reasoningPieces += 1;
      yield { type: 'reasoning.delta', text: thought };
    }
    if (content) {
      this.#count(content);
      yield { type: 'message.delta', text: content };
    }
    for (const { index, function: part } of calls ?? []) yield* this.#readCall(index, part?.name, part?.arguments);
    if (choice.finish_reason) {
      yield* this.#endCalls();
      this.#finish = this.#finishOf(choice.finish_reason, choice.stop_reason);
    }
  }

  #count(text: string): void {
    this.#pieces += 1;
    this.#bytes += Buffer.byteLength(text);
  }

  *#readCall(index: number, name: string | null | undefined, text: string | null | undefined): Generator<EngineEvent> {
    this.#count(text ?? '');
    let call = this.#calls.get(index);
    if (call === undefined) {
      // A call starts with its name; arguments without a call are ignored.
      if (!name) return;
      call = { name, text: '' };
      this.#calls.set(index, call);
      yield { type: 'tool_call.start', index, name };
    }
    if (!text) return;
    call.text += text;
    yield { type: 'tool_call.delta', index, text };
  }

  *#endCalls(): Generator<EngineEvent> {
    for (const [index, { name, text }] of this.#calls) {
      const args = text.trim() === '' ? {} : parseJson(text);
      if (isObject(args)) yield { type: 'tool_call.end', index, name, arguments: args };
      else yield { type: 'tool_call.invalid', index, name, raw: text, reason: 'the arguments are not a JSON object' };
    }
  }

  #finishOf(reason: string, stopReason: string | number | null | undefined) {
    if (reason === 'length') return { reason: 'length' } as const;
    if (this.#calls.size > 0) return { reason: 'tool_calls' } as const;
    if (typeof stopReason === 'string' && this.#request.stop.includes(stopReason)) {
      return { reason: 'stop_string', stopString: stopReason } as const;
    }
    return { reason: 'stop' } as const;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Chooses a status for an error in the middle of a stream, which has none. Its contents show whether the request or the
 * server is at fault.
 */
function statusOf(error: unknown): number {
  const { code, type } = errorOf(error) ?? {};
  if (code === 'context_length_exceeded' || type === 'invalid_request_error' || type === 'BadRequestError') return 400;
  return code === 'overloaded' ? 503 : 500;
}
