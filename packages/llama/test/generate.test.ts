import type { ChatMessage, LoadedModel } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asking,
  askingForEndlessText,
  collect,
  DOCUMENTATION_TOOLS,
  finishOf,
  loadNano,
  messageOf,
  NEVER,
  newEngine,
} from './nano.ts';

const engine = newEngine();
let model: LoadedModel;

beforeAll(async () => {
  model = await loadNano(engine, { parallel: 2 });
});
afterAll(() => engine[Symbol.asyncDispose]());

const FIRST_LINE = 'What is the first line in the tiktoken documentation?';

describe('text', () => {
  it('comes in order: progress, message, one finish', async () => {
    const events = await collect(model.generate(asking('Repeat: red fox'), NEVER));
    const order = events.map((event) => event.type).filter((type, index, types) => type !== types[index - 1]);
    expect(order).toEqual(['prompt.progress', 'message.delta', 'finish']);
    expect(messageOf(events)).toBe('red fox');
    expect(finishOf(events)).toMatchObject({ reason: 'stop', usage: { reasoningTokens: 0 } });
    expect(finishOf(events).tokensPerSecond).toBeGreaterThan(0);
    expect(finishOf(events).timeToFirstTokenSeconds).toBeGreaterThan(0);
  });

  it('is the same each time at temperature 0 or with the same seed, and differs without', async () => {
    const answers = (sampling: object): Promise<string[]> =>
      Promise.all(
        [1, 2, 3, 4].map(async () =>
          messageOf(await collect(model.generate(askingForEndlessText({ sampling, maxOutputTokens: 40 }), NEVER))),
        ),
      );
    expect(new Set(await answers({ temperature: 0 })).size).toBe(1);
    expect(new Set(await answers({ temperature: 5, seed: 7 })).size).toBe(1);
    expect(new Set(await answers({ temperature: 5, topK: 0, topP: 1, minP: 0 })).size).toBe(4);
  });

  it('ends before a stop string, even one that is spread over tokens', async () => {
    const events = await collect(model.generate(asking('Repeat: red fox', { stop: ['d f'] }), NEVER));
    expect(messageOf(events)).toBe('re');
    expect(finishOf(events)).toMatchObject({ reason: 'stop_string', stopString: 'd f' });
  });

  it('ends with length at maxOutputTokens', async () => {
    const events = await collect(model.generate(asking(FIRST_LINE, { maxOutputTokens: 1 }), NEVER));
    expect(finishOf(events)).toMatchObject({ reason: 'length', usage: { outputTokens: 1 } });
  });

  it('ends with length where the context ends and never forgets its beginning', async () => {
    await using small = await loadNano(engine, { contextLength: 256 });
    const { reason, usage } = finishOf(await collect(small.generate(askingForEndlessText(), NEVER)));
    expect(reason).toBe('length');
    expect(usage.promptTokens + usage.outputTokens).toBe(small.contextLength);
  });

  it('repeats itself less when repetition is punished', async () => {
    const text = async (sampling: object): Promise<string> =>
      messageOf(await collect(model.generate(askingForEndlessText({ sampling, maxOutputTokens: 30 }), NEVER)));
    const plain = await text({ temperature: 0 });
    const punished = await text({ temperature: 0, frequencyPenalty: 2, presencePenalty: 2 });
    expect(new Set(punished.match(/\d/g)).size).toBeGreaterThan(new Set(plain.match(/\d/g)).size);
  });
});

describe('a prompt', () => {
  it('is counted as its turn counts it, also while all places are taken', async () => {
    const request = asking(FIRST_LINE, { tools: DOCUMENTATION_TOOLS, toolChoice: 'required' });
    const { usage } = finishOf(await collect(model.generate(request, NEVER)));
    const busy = Array.from({ length: model.parallel }, () => model.generate(askingForEndlessText(), NEVER));
    const turns = busy.map((events) => events[Symbol.asyncIterator]());
    for (const turn of turns) await turn.next();
    expect(await model.countPrompt(request, NEVER)).toBe(usage.promptTokens);
    for (const turn of turns) await turn.return?.();
  });

  it('that is too long is counted all the same, and one that can be no prompt is refused', async () => {
    expect(await model.countPrompt(asking('word '.repeat(3000)), NEVER)).toBeGreaterThan(model.contextLength);
    await expect(model.countPrompt(asking('Hello', { reasoning: 'high' }), NEVER)).rejects.toMatchObject({
      code: 'UNSUPPORTED_REASONING',
    });
  });

  it('is counted no further than the piece in which it passes the context', async () => {
    const countOf = (words: number) => model.countPrompt(asking('word '.repeat(words)), NEVER);
    expect(await countOf(80_000)).toBe(await countOf(40_000));
  });
});

describe('refusals', () => {
  it('refuses a conversation that does not fit with CONTEXT_EXCEEDED', async () => {
    const long = asking('word '.repeat(3000));
    await expect(collect(model.generate(long, NEVER))).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED' });
  });

  it('refuses an image with UNSUPPORTED_INPUT', async () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AA==' }] },
    ];
    await expect(collect(model.generate(asking('', { messages }), NEVER))).rejects.toMatchObject({
      code: 'UNSUPPORTED_INPUT',
    });
  });

  it('refuses a reasoning setting that the model lacks with UNSUPPORTED_REASONING', async () => {
    await expect(collect(model.generate(asking('Hello', { reasoning: 'high' }), NEVER))).rejects.toMatchObject({
      code: 'UNSUPPORTED_REASONING',
    });
  });
});

describe('tool calls', () => {
  it('come out with name and arguments', async () => {
    const events = await collect(model.generate(asking(FIRST_LINE, { tools: DOCUMENTATION_TOOLS }), NEVER));
    const calls = events.filter((event) => event.type.startsWith('tool_call.'));
    expect(calls).toEqual([
      { type: 'tool_call.start', index: 0, name: 'fetch_tiktoken_documentation' },
      { type: 'tool_call.delta', index: 0, text: '{}' },
      { type: 'tool_call.end', index: 0, name: 'fetch_tiktoken_documentation', arguments: {} },
    ]);
    expect(finishOf(events).reason).toBe('tool_calls');
    expect(messageOf(events)).toBe('');
  });

  it('are answered from the result', async () => {
    const messages: ChatMessage[] = [
      ...asking(FIRST_LINE).messages,
      {
        role: 'assistant',
        content: [{ type: 'tool_call', id: 'call_1', name: 'fetch_tiktoken_documentation', arguments: {} }],
      },
      {
        role: 'tool',
        toolCallId: 'call_1',
        name: 'fetch_tiktoken_documentation',
        content: [{ type: 'text', text: '# tiktoken\ntiktoken is a fast BPE tokeniser' }],
      },
    ];
    const events = await collect(model.generate(asking('', { messages, tools: DOCUMENTATION_TOOLS }), NEVER));
    expect(messageOf(events)).toContain('# tiktoken');
    expect(finishOf(events).reason).toBe('stop');
  });

  it('go to the named tool when one is named', async () => {
    const request = asking(FIRST_LINE, {
      tools: DOCUMENTATION_TOOLS,
      toolChoice: { name: 'search_tiktoken_documentation' },
    });
    const events = await collect(model.generate(request, NEVER));
    expect(events).toContainEqual({
      type: 'tool_call.end',
      index: 0,
      name: 'search_tiktoken_documentation',
      arguments: { query: expect.any(String) },
    });
  });

  it('are made when they are required, though the question needs none', async () => {
    const request = asking('Hello', { tools: DOCUMENTATION_TOOLS, toolChoice: 'required' });
    const events = await collect(model.generate(request, NEVER));
    expect(events.filter((event) => event.type === 'tool_call.end')).not.toEqual([]);
    expect(finishOf(events).reason).toBe('tool_calls');
  });

  it('are not made when there shall be none', async () => {
    const request = asking(FIRST_LINE, { tools: DOCUMENTATION_TOOLS, toolChoice: 'none' });
    const events = await collect(model.generate(request, NEVER));
    expect(events.filter((event) => event.type.startsWith('tool_call.'))).toEqual([]);
    expect(messageOf(events)).not.toContain('<tool_call>');
  });

  it('follow the schema of the tool', async () => {
    const parameters = {
      type: 'object',
      properties: { city: { enum: ['Oslo', 'Rome'] }, days: { type: 'integer' } },
      required: ['city', 'days'],
    };
    const tools = [{ name: 'get_weather', description: 'The weather in a city', parameters }];
    const events = await collect(model.generate(asking('What is the weather in Paris?', { tools }), NEVER));
    expect(events).toContainEqual({
      type: 'tool_call.end',
      index: 0,
      name: 'get_weather',
      arguments: { city: expect.stringMatching(/^(Oslo|Rome)$/), days: expect.any(Number) },
    });
  });

  it('that are cut off are invalid', async () => {
    const request = asking(FIRST_LINE, { tools: DOCUMENTATION_TOOLS, maxOutputTokens: 5 });
    const events = await collect(model.generate(request, NEVER));
    expect(events).toContainEqual(expect.objectContaining({ type: 'tool_call.invalid', index: 0 }));
    expect(finishOf(events).reason).toBe('length');
  });
});

describe('a response schema', () => {
  it.each([
    [
      'an object',
      { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name', 'age'] },
    ],
    ['an enumeration', { enum: ['red', 'green', 5] }],
    ['a nullable string', { anyOf: [{ type: 'string', maxLength: 20 }, { type: 'null' }] }],
    ['a list', { type: 'array', items: { type: 'boolean' }, minItems: 2, maxItems: 3 }],
    ['a date', { type: 'string', format: 'date' }],
    [
      'a definition',
      {
        $ref: '#/$defs/pair',
        $defs: { pair: { type: 'array', prefixItems: [{ const: 'a' }, { type: 'null' }], minItems: 2, maxItems: 2 } },
      },
    ],
  ])('makes the answer %s', async (_name, responseSchema) => {
    const question = 'Extract name, age as JSON: Mei is 31 years old and lives in Oslo.';
    const events = await collect(model.generate(asking(question, { responseSchema }), NEVER));
    expect(() => JSON.parse(messageOf(events))).not.toThrow();
    expect(finishOf(events).reason).toBe('stop');
  });

  it('leaves room for a tool call', async () => {
    const request = asking(FIRST_LINE, { tools: DOCUMENTATION_TOOLS, responseSchema: { enum: ['yes', 'no'] } });
    const events = await collect(model.generate(request, NEVER));
    const made = events.some((event) => event.type === 'tool_call.end');
    expect(made || ['"yes"', '"no"'].includes(messageOf(events))).toBe(true);
  });
});

describe('abort', () => {
  it('ends a running generation without an error', async () => {
    const controller = new AbortController();
    const events = [];
    for await (const event of model.generate(askingForEndlessText(), controller.signal)) {
      events.push(event);
      if (event.type === 'message.delta') controller.abort();
    }
    expect(events.at(-1)).toMatchObject({
      type: 'interrupted',
      usage: { promptTokens: expect.any(Number), outputTokens: expect.any(Number) },
    });
    expect(events.filter(({ type }) => type === 'finish')).toEqual([]);
  });

  it('ends a generation that waits for its place', async () => {
    const busy = await Promise.all(
      [1, 2].map(async () => {
        const running = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
        await running.next();
        return running;
      }),
    );
    const controller = new AbortController();
    const waiting = collect(model.generate(asking('Hello'), controller.signal));
    controller.abort();
    expect(await waiting).toEqual([]);
    await Promise.all(busy.map((running) => running.return?.()));
  });

  it('frees its place for the next in line, also during a long prompt', async () => {
    await using small = await loadNano(engine, { parallel: 1 });
    const controller = new AbortController();
    const long = small.generate(asking('word '.repeat(900)), controller.signal)[Symbol.asyncIterator]();
    await long.next();
    const next = collect(small.generate(asking('Repeat: red fox'), NEVER));
    const aborted = performance.now();
    controller.abort();
    expect(messageOf(await next)).toBe('red fox');
    expect(performance.now() - aborted).toBeLessThan(1000);
  });

  it('is what leaving the loop does', async () => {
    await using small = await loadNano(engine, { parallel: 1 });
    for await (const event of small.generate(askingForEndlessText(), NEVER)) {
      if (event.type === 'message.delta') break;
    }
    expect(messageOf(await collect(small.generate(asking('Repeat: red fox'), NEVER)))).toBe('red fox');
  });
});

describe('the cached prompt', () => {
  it('is reused by the same scope', async () => {
    await collect(model.generate(asking(FIRST_LINE, { cacheScope: 'alice' }), NEVER));
    const events = await collect(model.generate(asking(FIRST_LINE, { cacheScope: 'alice' }), NEVER));
    const { usage } = finishOf(events);
    expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
  });

  it('is never reused by another scope', async () => {
    for (const cacheScope of ['first', 'second', 'third', 'fourth']) {
      const events = await collect(model.generate(asking(FIRST_LINE, { cacheScope }), NEVER));
      expect(finishOf(events).usage.cachedTokens).toBe(0);
    }
  });

  it('is not lost to another scope while there is a free place', async () => {
    for (const cacheScope of ['carol', 'dave'])
      await collect(model.generate(asking(FIRST_LINE, { cacheScope }), NEVER));
    const events = await collect(model.generate(asking(FIRST_LINE, { cacheScope: 'carol' }), NEVER));
    expect(finishOf(events).usage.cachedTokens).toBeGreaterThan(0);
  });

  it('does not change the answer', async () => {
    const fresh = messageOf(await collect(model.generate(asking('Repeat: red fox', { cacheScope: 'x' }), NEVER)));
    const cached = messageOf(await collect(model.generate(asking('Repeat: red fox', { cacheScope: 'x' }), NEVER)));
    expect(cached).toBe(fresh);
  });
});

describe('several at once', () => {
  it('get their own answers, more than there are places', async () => {
    const words = ['red', 'green', 'blue', 'red fox', 'teal'];
    const answers = await Promise.all(
      words.map(async (word) => messageOf(await collect(model.generate(asking(`Repeat: ${word}`), NEVER)))),
    );
    const alone = [];
    for (const word of words) alone.push(messageOf(await collect(model.generate(asking(`Repeat: ${word}`), NEVER))));
    expect(answers).toEqual(alone);
  });
});
