import type { EngineEvent, FinishReason, GenerateRequest, TokenUsage } from '@latchkey/engine';
import { z } from 'zod';
import { list } from '../../input/bounded.ts';
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

/** Reads a turn from the chunks of an upstream server, and counts it as well as what comes allows. */
export class UpstreamTurn {
  readonly #request: GenerateRequest;
  readonly #promptEstimate: number;
  /** The most tokens that prompt and answer can have together, whatever the server says. */
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
   * A server that goes on beyond what it was allowed is not listened to any longer. A token may come in two pieces, and
   * some have many bytes.
   */
  get isEndless(): boolean {
    const allowed = this.#request.maxOutputTokens ?? this.#most;
    return this.#pieces > 2 * allowed + 32 || this.#bytes > 64 * allowed + 4096;
  }

  /** Of an answer that nothing has counted yet: a token for each piece or for four bytes, whichever is more. */
  get #outputEstimate(): number {
    return Math.min(this.#most, Math.max(this.#pieces, Math.ceil(this.#bytes / 4)));
  }

  /** The server's count where it is one that can be, and ours otherwise. */
  get usage(): TokenUsage {
    const said = this.#reported;
    const isPossible = (count: number, least: number): boolean => count >= least && count <= this.#most;
    const prompt = said?.prompt_tokens ?? 0;
    const promptTokens = isPossible(prompt, 1) ? prompt : Math.min(this.#promptEstimate, this.#most);
    const output = said?.completion_tokens ?? -1;
    // No tokenizer has fewer tokens than a sixteenth of a text's bytes.
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

  /** Throws BrokenStream for what is no chunk, EngineError for an error that the server reports. */
  *read(data: string): Generator<EngineEvent> {
    const { success, data: chunk } = chunkSchema.safeParse(parseJson(data));
    if (!success) throw new BrokenStream('it sent something that is not a chunk of an answer');
    if (chunk.error != null) throw toRefusal(statusOf(chunk.error), chunk);
    if (chunk.usage != null) this.#reported = chunk.usage;
    const [choice] = chunk.choices ?? [];
    if (choice === undefined) return;
    const { content, reasoning_content: thought = choice.delta?.reasoning, tool_calls: calls } = choice.delta ?? {};
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
      // A call begins with its name; arguments of none belong to nothing.
      if (!name) return;
      call = { name, text: '' };
      this.#calls.set(index, call);
      yield { type: 'toolCall.start', index, name };
    }
    if (!text) return;
    call.text += text;
    yield { type: 'toolCall.delta', index, text };
  }

  *#endCalls(): Generator<EngineEvent> {
    for (const [index, { name, text }] of this.#calls) {
      const args = text.trim() === '' ? {} : parseJson(text);
      if (isObject(args)) yield { type: 'toolCall.end', index, name, arguments: args };
      else yield { type: 'toolCall.invalid', index, name, raw: text, reason: 'the arguments are not a JSON object' };
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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An error in the middle of a stream has no status of its own; what it is about still tells whose fault it is. */
function statusOf(error: unknown): number {
  const { code, type } = errorOf(error) ?? {};
  if (code === 'context_length_exceeded' || type === 'invalid_request_error' || type === 'BadRequestError') return 400;
  return code === 'overloaded' ? 503 : 500;
}
