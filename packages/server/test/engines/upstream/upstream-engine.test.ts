import type { EngineError, EngineEvent, GenerateRequest, LoadedModel } from '@latchkey/engine';
import { answersInWords, countsLetters, engineContract } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { createUpstreamEngine } from '../../../src/engines/upstream/index.ts';
import type { UpstreamOptions } from '../../../src/engines/upstream/upstream-options.ts';
import { answered, called } from '../../scripted/messages.ts';
import {
  ANSWER,
  type Asked,
  type Behaviour,
  chunk,
  HELLO,
  isGone,
  neverAnswers,
  refuses,
  type ScriptedUpstream,
  scriptedUpstream,
  streams,
  usage,
} from './scripted-upstream.ts';

const NEVER = new AbortController().signal;
const asking = (changes: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  tools: [],
  toolChoice: 'auto',
  sampling: {},
  stop: [],
  cacheScope: 'scope-of-a-token',
  share: { key: 'key-of-a-token', weight: 1 },
  ...changes,
});

async function openTiny(upstream: ScriptedUpstream, contextLength = 1024): Promise<LoadedModel> {
  const engine = createUpstreamEngine(upstream.options);
  const model = await engine.sources[0]?.find('box/tiny');
  if (model === undefined) throw new Error('the model is not listed');
  return engine.open(model, { contextLength, parallel: 8 }, NEVER);
}

/** The events of a turn, and what it failed with. */
async function play(
  model: LoadedModel,
  request: Partial<GenerateRequest> = {},
): Promise<{ readonly events: readonly EngineEvent[]; readonly error: unknown }> {
  const events: EngineEvent[] = [];
  try {
    for await (const event of model.generate(asking(request), NEVER)) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

async function playOne(
  behaviour: Behaviour,
  request: Partial<GenerateRequest> = {},
  changes: Partial<UpstreamOptions> = {},
) {
  const upstream = scriptedUpstream(changes);
  upstream.otherwise = behaviour;
  return { upstream, ...(await play(await openTiny(upstream), request)) };
}

const textOf = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'message.delta' ? event.text : '')).join('');

/** A model that answers as the scripted engine does, behind OpenAI's API. */
const inWords: Behaviour = async ({ body, signal }: Asked) => {
  const [last] = body.messages as readonly { content: string }[];
  const parts: string[] = [];
  const request = asking({
    messages: [{ role: 'user', content: [{ type: 'text', text: last?.content ?? '' }] }],
    stop: (body.stop as string[] | undefined) ?? [],
    ...(body.max_tokens === undefined ? {} : { maxOutputTokens: Number(body.max_tokens) }),
  });
  try {
    for await (const event of answersInWords(request, signal)) {
      if (event.type === 'message.delta') parts.push(chunk({ content: event.text }));
      if (event.type === 'finish') {
        const { reason, stopString: stop_reason } = event;
        parts.push(chunk({}, { finish_reason: reason === 'length' ? 'length' : 'stop', stop_reason }));
        parts.push(usage(event.usage.promptTokens, event.usage.outputTokens), 'data: [DONE]\n\n');
      }
    }
  } catch (error) {
    const { code } = error as EngineError;
    return Response.json(
      { error: { code: code.toLowerCase().replace('exceeded', 'length_exceeded') } },
      { status: 400 },
    );
  }
  return streams(parts)({ body, signal, url: '', headers: new Headers() });
};

/** Embeddings as the scripted engine makes them, behind OpenAI's API; the numbers are not normalised. */
const inLetters: Behaviour = async ({ body, signal }: Asked) => {
  const inputs = body.input as readonly string[];
  const tooLong = body.truncate_prompt_tokens === undefined ? 'refuse' : 'cut';
  try {
    const { vectors, promptTokens } = await countsLetters.embed({ inputs, tooLong, share: SHARE }, signal);
    const data = vectors.map((vector, index) => ({ index, embedding: Array.from(vector, (value) => value * 3) }));
    return Response.json({ data: data.toReversed(), usage: { prompt_tokens: promptTokens } });
  } catch {
    return Response.json({ error: { code: 'context_length_exceeded' } }, { status: 400 });
  }
};

const SHARE = { key: 'test', weight: 1 };

describe('the upstream engine', () => {
  const cases = engineContract(async () => {
    const upstream = scriptedUpstream();
    upstream.otherwise = (asked) => (asked.url.endsWith('/embeddings') ? inLetters(asked) : inWords(asked));
    const engine = createUpstreamEngine(upstream.options);
    return {
      engine,
      key: 'box/tiny',
      embeddingKey: 'box/tiny',
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe('an answer', () => {
  it('is what the server says, with its own count', async () => {
    const { events } = await playOne(streams(ANSWER));
    expect(events.map(({ type }) => type)).toEqual(['prompt.progress', 'message.delta', 'message.delta', 'finish']);
    expect(textOf(events)).toBe('Hello there');
    expect(events.at(-1)).toMatchObject({ reason: 'stop', usage: { promptTokens: 11, outputTokens: 2 } });
  });

  it('is whole again when the network cuts it anywhere, in the middle of a character too', async () => {
    const bytes = new TextEncoder().encode([chunk({ content: 'Zoë 漢 😀' }), ...ANSWER.slice(2)].join(''));
    for (let at = 1; at < 120; at += 1) {
      const { events } = await playOne(
        streams([bytes.subarray(0, at), bytes.subarray(at, at + 1), bytes.subarray(at + 1)]),
      );
      expect([textOf(events), events.at(-1)?.type]).toEqual(['Zoë 漢 😀', 'finish']);
    }
  });

  it('has its thoughts and its calls apart, whichever of the names they have', async () => {
    const call = (text: string, name?: string) =>
      chunk({ tool_calls: [{ index: 0, function: { name, arguments: text } }] });
    const parts = [chunk({ reasoning_content: 'Hm' }), chunk({ reasoning: '!' }), call('{"a"', 'add'), call(':1}')];
    const { events } = await playOne(streams([...parts, chunk({}, { finish_reason: 'tool_calls' }), usage(3, 9)]));
    expect(events.slice(1)).toMatchObject([
      { type: 'reasoning.delta', text: 'Hm' },
      { type: 'reasoning.delta', text: '!' },
      { type: 'tool_call.start', name: 'add' },
      { type: 'tool_call.delta', text: '{"a"' },
      { type: 'tool_call.delta', text: ':1}' },
      { type: 'tool_call.end', name: 'add', arguments: { a: 1 } },
      { type: 'finish', reason: 'tool_calls', usage: { outputTokens: 9 } },
    ]);
  });

  it('with arguments that are no object has an invalid call', async () => {
    const parts = [chunk({ tool_calls: [{ index: 0, function: { name: 'add', arguments: '[1' } }] })];
    const { events } = await playOne(streams([...parts, chunk({}, { finish_reason: 'tool_calls' })]));
    expect(events.at(-2)).toMatchObject({ type: 'tool_call.invalid', name: 'add', raw: '[1' });
  });

  it.each<[string, unknown, unknown]>([
    ['nothing', undefined, undefined],
    ['less than nothing', -5, -5],
    ['no tokens for a text', 0, 0],
    ['more than the context holds', 1e8, 1e8],
    ['no number', 'many', {}],
    ['nothing of the prompt, and too little of the answer', null, 0.5],
  ])('is counted by us when the server says %s', async (_, prompt, completion) => {
    const { events } = await playOne(
      streams([...HELLO, chunk({}, { finish_reason: 'stop' }), usage(prompt, completion)]),
    );
    // A third of five bytes and eight for the message; a quarter of eleven.
    expect(events.at(-1)).toMatchObject({ type: 'finish', usage: { promptTokens: 10, outputTokens: 3 } });
  });

  it.each([1, 10_000])('without end is ended, in pieces of %d characters', async (length) => {
    const endless = streams(
      Array.from({ length: 10_000 }, () => chunk({ content: 'a'.repeat(length) })),
      'hangs',
    );
    const { events, upstream } = await playOne(endless, { maxOutputTokens: 10 });
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
    expect(textOf(events).length).toBeLessThan(100 + length);
    expect(upstream.asked[0]?.signal.aborted).toBe(true);
  });
});

describe('a server that fails', () => {
  it.each<[string, Behaviour, Partial<UpstreamOptions>, RegExp]>([
    ['dies in the middle', streams(HELLO, 'breaks'), {}, /ended the connection in the middle/],
    ['ends in the middle', streams(HELLO), {}, /ended the connection in the middle/],
    ['ends in half an event', streams([...HELLO, 'data: {"choices":[{"del']), {}, /ended the connection in the middle/],
    [
      'ends in half a character',
      streams([...HELLO, new TextEncoder().encode(chunk({ content: '漢' })).subarray(0, 42)]),
      {},
      /ended the connection in the middle/,
    ],
    ['sends what is no chunk', streams([...HELLO, 'data: <html>\n\n']), {}, /not a chunk/],
    ['falls silent', streams(HELLO, 'hangs'), { silenceMilliseconds: 20 }, /said nothing for 0.02 seconds/],
    ['sends a line without end', streams([...HELLO, 'x'.repeat(1_100_000)], 'hangs'), {}, /a line that is too long/],
    ['reports an error', streams([...HELLO, 'data: {"error":{"message":"CUDA"}}\n\n']), {}, /failed at the request/],
  ])('and %s fails the turn, which is counted, and is not asked again', async (_, behaviour, changes, message) => {
    const urls = ['http://one.test/v1', 'http://two.test/v1'];
    const { events, error, upstream } = await playOne(behaviour, {}, { ...changes, urls });
    expect(error).toMatchObject({
      name: 'EngineError',
      code: 'MODEL_CRASHED',
      message: expect.stringMatching(message),
    });
    expect(events.at(-1)).toMatchObject({ type: 'interrupted', usage: { promptTokens: 10, outputTokens: 3 } });
    expect(upstream.asked).toHaveLength(1);
  });

  it.each<[string, Behaviour, Partial<UpstreamOptions>, string]>([
    ['is gone', isGone, {}, 'MODEL_CRASHED'],
    ['never answers', neverAnswers, { firstByteMilliseconds: 20 }, 'MODEL_CRASHED'],
    ['answers with nothing', streams([], 'hangs'), { firstByteMilliseconds: 20 }, 'MODEL_CRASHED'],
    ['breaks before its first event', streams([': ping\n\n'], 'breaks'), {}, 'MODEL_CRASHED'],
    [
      'answers with a page',
      () => new Response(ANSWER.join(''), { headers: { 'content-type': 'text/html' } }),
      {},
      'MODEL_CRASHED',
    ],
    ['fails', refuses(500, {}), {}, 'MODEL_CRASHED'],
    ['is busy', refuses(429, {}), {}, 'OVERLOADED'],
    ['is starting', refuses(503, {}), {}, 'OVERLOADED'],
    ['does not take our key', refuses(401, { error: { message: 'Incorrect key sk-upstream-secret' } }), {}, 'INTERNAL'],
  ])('and %s before it has begun is left for another one', async (_, behaviour, changes, code) => {
    const urls = ['http://one.test/v1', 'http://two.test/v1'];
    const { error, upstream } = await playOne(behaviour, {}, { ...changes, urls });
    expect(error).toMatchObject({ name: 'EngineError', code });
    expect(new Set(upstream.asked.map(({ url }) => url)).size + upstream.asked.length).toBe(4);
    // One of two that works is enough.
    upstream.next.push(behaviour, streams(ANSWER));
    expect(textOf((await play(await openTiny(upstream))).events)).toBe('Hello there');
  });

  it.each<[number, object, string]>([
    [400, { error: { code: 'context_length_exceeded' } }, 'CONTEXT_EXCEEDED'],
    [
      400,
      { message: "This model's maximum context length is 1024 tokens.", type: 'BadRequestError' },
      'CONTEXT_EXCEEDED',
    ],
    [422, { error: { param: 'response_format', code: 'a secret', message: 'the word "secret" …' } }, 'INVALID_REQUEST'],
  ])('and refuses a request with %d is not asked again, nor is another one', async (status, body, code) => {
    const urls = ['http://one.test/v1', 'http://two.test/v1'];
    const { error, upstream } = await playOne(refuses(status, body), {}, { urls });
    expect(error).toMatchObject({ code });
    expect(String((error as Error).message)).not.toContain('secret');
    expect(upstream.asked).toHaveLength(1);
  });

  it('three times in a row rests, and then is tried with one request', async () => {
    const upstream = scriptedUpstream();
    const model = await openTiny(upstream);
    upstream.next.push(isGone, isGone, isGone);
    for (let count = 0; count < 5; count += 1)
      expect((await play(model)).error).toMatchObject({ code: 'MODEL_CRASHED' });
    expect(upstream.asked).toHaveLength(3);
    upstream.time += 2000;
    upstream.next.push(streams(HELLO, 'hangs'));
    const trial = model.generate(asking(), NEVER)[Symbol.asyncIterator]();
    await trial.next();
    expect((await play(model)).error).toMatchObject({ code: 'MODEL_CRASHED' });
    expect(upstream.asked).toHaveLength(4);
    await trial.return?.();
    expect(textOf((await play(model)).events)).toBe('Hello there');
    expect(textOf((await play(model)).events)).toBe('Hello there');
  });
});

describe('what goes to a server', () => {
  it('is the turn, our key for it, and nothing of the caller', async () => {
    const tool = { name: 'add', description: 'adds', parameters: { type: 'object' } };
    const { upstream } = await playOne(streams(ANSWER), {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AA==' }] },
        called({ id: 'call_1', name: 'add', arguments: { a: 1 } }),
        answered('call_1', 'add', '2'),
      ],
      tools: [tool],
      toolChoice: { name: 'add' },
      sampling: { temperature: 0, topK: 3, repeatPenalty: 1.1 },
      stop: ['END'],
      maxOutputTokens: 7,
      reasoning: 'off',
      responseSchema: { type: 'object' },
    });
    const [asked] = upstream.asked;
    expect(asked?.url).toBe('http://one.test/v1/chat/completions');
    expect(asked?.headers.get('authorization')).toBe('Bearer sk-upstream-secret');
    expect([...(asked?.headers.keys() ?? [])].sort()).toEqual([
      'accept',
      'authorization',
      'content-type',
      'x-gateway-inference-fairness-id',
    ]);
    expect(asked?.body).toEqual({
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '2' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 7,
      temperature: 0,
      top_k: 3,
      repetition_penalty: 1.1,
      repeat_penalty: 1.1,
      stop: ['END'],
      tools: [{ type: 'function', function: tool }],
      tool_choice: { type: 'function', function: { name: 'add' } },
      reasoning_effort: 'none',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
      cache_salt: expect.any(String),
    });
    const sent = JSON.stringify([asked?.body, [...(asked?.headers ?? [])]]);
    expect(sent).not.toMatch(/scope-of-a-token|key-of-a-token/);
  });

  it('is told that one call is wanted, where there are tools', async () => {
    const tools = [{ name: 'add', parameters: { type: 'object' } }];
    const sent = async (more: object) => (await playOne(streams(ANSWER), more)).upstream.asked[0]?.body;
    expect(await sent({ tools, oneCall: true })).toMatchObject({ parallel_tool_calls: false });
    expect(await sent({ tools })).not.toHaveProperty('parallel_tool_calls');
    expect(await sent({ oneCall: true })).not.toHaveProperty('parallel_tool_calls');
  });

  it('is never sent on by a redirect', async () => {
    const { upstream } = await playOne(streams(ANSWER));
    expect(upstream.calls).toEqual([
      { url: 'http://one.test/v1/models', redirect: 'error' },
      { url: 'http://one.test/v1/chat/completions', redirect: 'error' },
    ]);
  });

  it('has one salt for each scope, and none where the servers do not know it', async () => {
    const upstream = scriptedUpstream();
    const model = await openTiny(upstream);
    for (const cacheScope of ['a', 'a', 'b']) await play(model, { cacheScope });
    const [first, again, other] = upstream.asked.map(({ body }) => body.cache_salt);
    expect([first === again, first === other]).toEqual([true, false]);
    const { upstream: plain } = await playOne(streams(ANSWER), {}, { cacheSalt: false });
    expect(plain.asked[0]?.body).not.toHaveProperty('cache_salt');
  });

  it('ends when its caller leaves, and is counted as far as it came', async () => {
    const upstream = scriptedUpstream();
    upstream.otherwise = streams(HELLO, 'hangs');
    const model = await openTiny(upstream);
    const leaving = new AbortController();
    const events: EngineEvent[] = [];
    for await (const event of model.generate(asking(), leaving.signal)) {
      events.push(event);
      if (textOf(events) === 'Hello there') leaving.abort(new Error('the caller has left'));
    }
    expect(events.at(-1)).toMatchObject({ type: 'interrupted', usage: { promptTokens: 10, outputTokens: 3 } });
    expect(upstream.asked[0]?.signal.aborted).toBe(true);
  });
});

describe('embeddings', () => {
  const embedTexts = async (behaviour: Behaviour, inputs: readonly string[] = ['a', 'b'], more: Behaviour[] = []) => {
    const upstream = scriptedUpstream({ urls: ['http://one.test/v1', 'http://two.test/v1'] });
    upstream.otherwise = behaviour;
    upstream.next.push(...more);
    const { embedder } = await openTiny(upstream);
    const outcome = embedder?.embed({ inputs, tooLong: 'refuse', share: SHARE }, NEVER);
    return { upstream, outcome };
  };
  const answers =
    (body: unknown): Behaviour =>
    () =>
      Response.json(body);

  it('are asked for with the name of the model and our key, and nothing of the caller', async () => {
    const { upstream, outcome } = await embedTexts(inLetters);
    expect((await outcome)?.vectors).toHaveLength(2);
    const [asked] = upstream.asked;
    expect(asked?.url).toMatch(/\/v1\/embeddings$/);
    expect(asked?.headers.get('authorization')).toBe('Bearer sk-upstream-secret');
    expect(asked?.body).toEqual({ model: 'tiny', input: ['a', 'b'], encoding_format: 'float' });
  });

  it('come from another server when one fails', async () => {
    const { upstream, outcome } = await embedTexts(inLetters, ['a'], [isGone]);
    expect((await outcome)?.vectors).toHaveLength(1);
    expect(new Set(upstream.asked.map(({ url }) => url)).size).toBe(2);
  });

  it.each<[string, unknown]>([
    ['no JSON of embeddings', { hello: 1 }],
    ['too few vectors', { data: [{ index: 0, embedding: [1] }] }],
    ['vectors of several lengths', { data: [{ embedding: [1] }, { embedding: [1, 2] }] }],
    [
      'an infinite vector',
      { data: [{ embedding: [1e308, 1e308, 1e308, 1e308, 1e308] }, { embedding: [1, 1, 1, 1, 1] }] },
    ],
  ])('fail when all servers answer with %s', async (_, body) => {
    const { outcome } = await embedTexts(answers(body));
    await expect(outcome).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
  });

  it.each([undefined, -1, 1e9, 'many'])(
    'are counted by an estimate when the server counts %j tokens',
    async (count) => {
      const data = [{ embedding: [1] }, { embedding: [2] }];
      const { outcome } = await embedTexts(answers({ data, usage: { prompt_tokens: count } }));
      expect((await outcome)?.promptTokens).toBe(6);
    },
  );

  it('are refused with words of ours when the server refuses them', async () => {
    const { outcome, upstream } = await embedTexts(refuses(400, { error: { message: 'secret text', code: 'bad' } }));
    await expect(outcome).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.not.stringContaining('secret'),
    });
    expect(upstream.asked).toHaveLength(1);
  });
});
