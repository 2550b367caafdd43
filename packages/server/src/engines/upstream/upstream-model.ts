import { createHmac } from 'node:crypto';
import {
  type EngineCapabilities,
  EngineError,
  type EngineEvent,
  type GenerateRequest,
  type LoadedModel,
  type OpenOptions,
} from '@latchkey/engine';
import type { Backends, Visit } from './backends.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { isFinal, isServers, toFailure, unloaded, unreachable } from './failure.ts';
import { readBounded } from './read-bounded.ts';
import { BrokenStream, readEvents } from './read-events.ts';
import { UpstreamTurn } from './read-turn.ts';
import { toRefusal } from './refusal.ts';
import { toBody } from './to-body.ts';
import { UpstreamEmbedder } from './upstream-embedder.ts';
import type { UpstreamOptions } from './upstream-options.ts';

const MOST_ERROR_BYTES = 65_536;
/** How much of a conversation's beginning selects the server that has it in its cache. */
const PREFIX_CHARACTERS = 4096;

/** What an open model shares with the other models of its engine. */
export interface UpstreamParts {
  readonly options: UpstreamOptions;
  readonly backends: Backends;
  /** Keys the names of scopes and callers, so that the names sent reveal nothing. */
  readonly secret: Uint8Array;
  readonly closing: AbortSignal;
}

/** A model that runs on other servers. */
export class UpstreamModel implements LoadedModel {
  readonly contextLength: number;
  readonly parallel: number;
  readonly device = 'upstream';
  readonly capabilities: EngineCapabilities;
  /** Whether a model makes embeddings is known only to its server, which refuses if it does not. */
  readonly embedder: UpstreamEmbedder;
  readonly #name: string;
  readonly #parts: UpstreamParts;
  readonly #unloading = new AbortController();
  readonly #stop: AbortSignal;
  #running = 0;

  constructor(name: string, { contextLength, parallel }: OpenOptions, vision: boolean, parts: UpstreamParts) {
    this.#name = name;
    this.#parts = parts;
    this.#stop = AbortSignal.any([parts.closing, this.#unloading.signal]);
    this.embedder = new UpstreamEmbedder(name, { ...parts, stop: this.#stop });
    this.contextLength = contextLength;
    this.parallel = parts.options.parallel ?? parallel;
    this.capabilities = {
      tokenCounting: 'estimate',
      cacheIsolation: parts.options.cacheSalt ? 'scope' : 'none',
      embeddings: true,
      vision,
      logprobs: false,
    };
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    if (signal.aborted) return;
    if (this.#running >= this.parallel) {
      throw new EngineError('OVERLOADED', `The model runs ${this.parallel} requests already.`);
    }
    this.#running += 1;
    try {
      yield* this.#run(request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return estimateTokens(request);
  }

  /** Never fires: a server that does not answer fails its requests and may answer the next. */
  onLost(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unloading.abort();
  }

  /** Tries one server after the other until one starts to answer. */
  async *#run(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const estimate = estimateTokens(request);
    const beginning = JSON.stringify(request.prompt?.text ?? request.messages.slice(0, 2));
    const prefix = `${request.cacheScope}\0${beginning.slice(0, PREFIX_CHARACTERS)}`;
    const tried = new Set<string>();
    let failure: EngineError | undefined;
    for (;;) {
      if (this.#stop.aborted) throw unloaded();
      using visit = this.#parts.backends.visit(prefix, tried);
      if (visit === undefined) throw failure ?? unreachable('all servers rest after failures');
      tried.add(visit.url);
      const turn = new UpstreamTurn(request, estimate, this.contextLength);
      let begun = false;
      try {
        for await (const event of this.#ask(visit, request, turn, signal)) {
          begun = true;
          yield event;
        }
        return;
      } catch (error) {
        if (signal.aborted) return yield { type: 'interrupted', usage: turn.usage };
        if (this.#stop.aborted) throw unloaded();
        failure = toFailure(error, begun);
        if (isServers(failure)) visit.failed();
        if (begun) yield { type: 'interrupted', usage: turn.usage };
        if (begun || isFinal(failure)) throw failure;
      }
    }
  }

  async *#ask(
    visit: Visit,
    request: GenerateRequest,
    turn: UpstreamTurn,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const { firstByteMilliseconds, silenceMilliseconds } = this.#parts.options;
    const started = performance.now();
    using late = deadline(firstByteMilliseconds);
    const leaving = new AbortController();
    try {
      const all = AbortSignal.any([signal, this.#stop, late.signal, leaving.signal]);
      const body = await this.#post(visit.url, request, all);
      let firstAt = 0;
      try {
        for await (const data of readEvents(body, () =>
          firstAt === 0 ? firstByteMilliseconds : silenceMilliseconds,
        )) {
          if (firstAt === 0) {
            firstAt = performance.now();
            late[Symbol.dispose]();
            const { promptEstimate: total } = turn;
            yield { type: 'prompt.progress', processed: total, total };
          }
          if (data === '[DONE]' || turn.isEndless) break;
          for (const event of turn.read(data)) {
            signal.throwIfAborted();
            yield event;
          }
        }
      } catch (error) {
        // An answer with its end is complete, even if the connection then breaks.
        if (turn.finish === undefined || signal.aborted || this.#stop.aborted) throw error;
      }
      const end = turn.finish ?? (turn.isEndless ? ({ reason: 'length' } as const) : undefined);
      if (end === undefined) throw new BrokenStream('it ended the connection in the middle of the answer');
      visit.succeeded();
      const { usage } = turn;
      const seconds = (performance.now() - firstAt) / 1000;
      yield {
        type: 'finish',
        ...end,
        usage,
        timeToFirstTokenSeconds: (firstAt - started) / 1000,
        tokensPerSecond: seconds > 0 ? usage.outputTokens / seconds : 0,
      };
    } finally {
      leaving.abort();
    }
  }

  async #post(url: string, request: GenerateRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { apiKey, cacheSalt, fetch: ask = fetch } = this.#parts.options;
    const body = toBody(request, this.#name, cacheSalt ? this.#alias('salt', request.cacheScope) : undefined);
    const response = await ask(url + (request.prompt === undefined ? '/chat/completions' : '/completions'), {
      method: 'POST',
      redirect: 'error',
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        // Gateways of llm-d use this header to share their servers fairly.
        'x-gateway-inference-fairness-id': this.#alias('share', request.share.key),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw toRefusal(response.status, await readBounded(response, MOST_ERROR_BYTES));
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
    if (!isStream || response.body === null) throw new BrokenStream('it did not answer with a stream of events');
    return response.body;
  }

  #alias(purpose: string, name: string): string {
    return createHmac('sha256', this.#parts.secret).update(`${purpose}\0${name}`).digest('base64url');
  }
}

function deadline(milliseconds: number): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const message = `it did not begin to answer within ${milliseconds / 1000} seconds`;
  const timer = setTimeout(() => late.abort(new BrokenStream(message)), milliseconds);
  return { signal: late.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
