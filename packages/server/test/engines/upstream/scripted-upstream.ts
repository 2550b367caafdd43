import type { UpstreamOptions } from '../../../src/engines/upstream/upstream-options.ts';

/** A request as an upstream server got it. */
export interface Asked {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

export type Behaviour = (asked: Asked) => Response | Promise<Response>;
type Part = string | Uint8Array;

export const chunk = (delta: object, more: object = {}): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;

export const usage = (prompt: unknown, completion: unknown): string =>
  `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } })}\n\n`;

const END = chunk({}, { finish_reason: 'stop' });
const DONE = 'data: [DONE]\n\n';
export const HELLO: readonly string[] = [chunk({ content: 'Hello' }), chunk({ content: ' there' })];
export const ANSWER: readonly string[] = [...HELLO, END, usage(11, 2), DONE];

/** A stream of events; `then` says what becomes of it after its last part. */
export const streams =
  (parts: readonly Part[], then: 'ends' | 'breaks' | 'hangs' = 'ends'): Behaviour =>
  ({ signal }) => {
    const encoder = new TextEncoder();
    const left = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => signal.addEventListener('abort', () => controller.error(signal.reason), { once: true }),
      pull: (controller) => {
        const part = left.shift();
        if (part !== undefined) controller.enqueue(part);
        else if (then === 'ends') controller.close();
        else if (then === 'breaks') controller.error(new TypeError('terminated'));
        else return new Promise(() => {});
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
  };

export const refuses =
  (status: number, body: unknown): Behaviour =>
  () =>
    Response.json(body, { status });

/** As `fetch` fails when there is no server. */
export const isGone: Behaviour = () => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.5:8000') });
};

/** As `fetch` waits until it is told not to. */
export const neverAnswers: Behaviour = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

export interface ScriptedUpstream {
  readonly options: UpstreamOptions;
  readonly asked: Asked[];
  /** How `fetch` was called, for lists as well. */
  readonly calls: { readonly url: string; readonly redirect: string | undefined }[];
  /** What is listed. */
  listed: () => Response;
  /** What is done with the next requests, one after the other; then `otherwise`. */
  readonly next: Behaviour[];
  otherwise: Behaviour;
  /** How many milliseconds have gone by. */
  time: number;
}

/** Servers of OpenAI's API, each with the one model `tiny`, which do what a test tells them to. */
export function scriptedUpstream(changes: Partial<UpstreamOptions> = {}): ScriptedUpstream {
  const upstream: ScriptedUpstream = {
    asked: [],
    calls: [],
    listed: () => Response.json({ data: [{ id: 'tiny', max_model_len: 1024 }] }),
    next: [],
    otherwise: streams(ANSWER),
    time: 0,
    options: {
      name: 'box',
      urls: ['http://one.test/v1'],
      apiKey: 'sk-upstream-secret',
      cacheSalt: true,
      firstByteMilliseconds: 60_000,
      silenceMilliseconds: 60_000,
      now: () => upstream.time,
      fetch: async (input, init) => {
        const url = String(input);
        upstream.calls.push({ url, redirect: init?.redirect });
        if (url.endsWith('/models')) return upstream.listed();
        const asked: Asked = {
          url,
          headers: new Headers(init?.headers),
          body: JSON.parse(String(init?.body)),
          signal: init?.signal ?? new AbortController().signal,
        };
        asked.signal.throwIfAborted();
        upstream.asked.push(asked);
        return (upstream.next.shift() ?? upstream.otherwise)(asked);
      },
      ...changes,
    },
  };
  return upstream;
}
