import { describe, expect, it } from 'vitest';
import { parseChat } from '../../../src/dialects/ollama/parse.ts';
import { parseGenerate } from '../../../src/dialects/ollama/parse-generate.ts';
import { parseLoad } from '../../../src/dialects/ollama/parse-load.ts';

const PNG = 'iVBORw0KGgo=';
const hello = [{ role: 'user', content: 'Hi' }];
const chat = (more: object) => parseChat({ model: 'm', messages: hello, ...more });
const refusal = (parse: () => unknown): unknown => {
  try {
    return parse();
  } catch (error) {
    return error;
  }
};

describe('a body of /api/chat', () => {
  it('is streamed unless it says otherwise', () => {
    expect([chat({}).stream, chat({ stream: null }).stream, chat({ stream: false }).stream]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("has Ollama's options, and lists those that have no effect", () => {
    const options = {
      ...{ temperature: 0.5, top_k: 40.7, top_p: 0.9, min_p: 0.1, repeat_penalty: 1.1, presence_penalty: 1 },
      ...{ frequency_penalty: 0.5, seed: 7, num_predict: 9, num_ctx: 2048, stop: ['\n', ''], num_gpu: 1, mirostat: 2 },
    };
    const { request, ignored } = chat({ options, draft: 1 });
    expect(request).toMatchObject({
      sampling: {
        ...{ temperature: 0.5, topK: 40, topP: 0.9, minP: 0.1, repeatPenalty: 1.1 },
        ...{ presencePenalty: 1, frequencyPenalty: 0.5, seed: 7 },
      },
      ...{ stop: ['\n'], maxOutputTokens: 9, contextLength: 2048, contextLengthIsWish: true, store: false },
    });
    expect(ignored).toEqual(['draft', 'options.num_gpu', 'options.mirostat']);
  });

  it.each([-1, -2, 0])('has no limit with num_predict %i', (num_predict) => {
    expect(chat({ options: { num_predict } }).request).not.toHaveProperty('maxOutputTokens');
  });

  it('has no seed where that is below 0', () => {
    expect(chat({ options: { seed: -1 } }).request.sampling).toEqual({});
  });

  it.each([
    [300, 300_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['90', 90_000],
    [0, 0],
    ['0s', 0],
    [-1, Number.POSITIVE_INFINITY],
    ['-1m', Number.POSITIVE_INFINITY],
  ])('has its model stay for keep_alive %j', (keep_alive, milliseconds) => {
    expect(chat({ keep_alive }).request.keepAliveMilliseconds).toBe(milliseconds);
  });

  it.each(['', 'soon', '5 m', '5d', 'm5', '5m soon', true])('is refused with keep_alive %j', (keep_alive) => {
    expect(refusal(() => chat({ keep_alive }))).toMatchObject({ code: 'INVALID_REQUEST', param: 'keep_alive' });
  });

  it.each([
    [true, 'on'],
    [false, 'off'],
    ['low', 'low'],
    ['max', 'high'],
  ])('wishes for thought with think %j', (think, reasoning) => {
    expect(chat({ think }).request).toMatchObject({ reasoning, reasoningIsWish: true });
  });

  it('has a schema where its format is one', () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    expect(chat({ format: schema }).request.responseSchema).toEqual(schema);
    expect(chat({ format: 'json' }).request.responseSchema).toEqual({ type: 'object' });
    expect(chat({ format: '' }).request).not.toHaveProperty('responseSchema');
    expect(refusal(() => chat({ format: 'xml' }))).toMatchObject({ param: 'format' });
  });

  it('has images of the types that their bytes show, or that their URLs say', () => {
    const images = [PNG, '/9j/4AAQ', 'R0lGODlh', 'UklGRg==', `data:image/png;base64,${PNG}`];
    const { request } = chat({ messages: [{ role: 'user', content: 'What is it?', images }] });
    expect(request.messages).toMatchObject([
      {
        content: [
          { type: 'image', mediaType: 'image/png', data: PNG },
          { mediaType: 'image/jpeg' },
          { mediaType: 'image/gif' },
          { mediaType: 'image/webp' },
          { mediaType: 'image/png', data: PNG },
          { type: 'text', text: 'What is it?' },
        ],
      },
    ]);
    for (const image of ['', 'aGVsbG8=', 'iVBORw0KGgo= ', 'http://example.com/a.png']) {
      const messages = [...hello, { role: 'user', content: '', images: [PNG, image] }];
      expect(refusal(() => chat({ messages }))).toMatchObject({ param: 'messages[1].images[1]' });
    }
  });

  it('has results of calls, by their ids, their names or their order', () => {
    const call = (name: string, more: object = {}) => ({ function: { name, arguments: { a: name } }, ...more });
    const { request } = chat({
      messages: [
        ...hello,
        {
          role: 'assistant',
          content: '',
          thinking: 'Hm',
          tool_calls: [call('one'), call('two'), call('one', { id: 'x' })],
        },
        { role: 'tool', content: '2', tool_name: 'two' },
        { role: 'tool', content: '3', tool_call_id: 'x' },
        { role: 'tool', content: '1' },
        { role: 'tool', content: '4', name: 'other' },
      ],
    });
    expect(request.messages.slice(1)).toMatchObject([
      {
        content: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'tool_call', id: 'call_1_0', name: 'one', arguments: { a: 'one' } },
          { type: 'tool_call', id: 'call_1_1', name: 'two' },
          { type: 'tool_call', id: 'x', name: 'one' },
        ],
      },
      { toolCallId: 'call_1_1', name: 'two' },
      { toolCallId: 'x', name: 'one' },
      { toolCallId: 'call_1_0', name: 'one' },
      { toolCallId: 'call_5', name: 'other' },
    ]);
  });

  it('names a field by the parameter that was sent for it', () => {
    const { paramOf } = chat({});
    expect(
      (['messages', 'tools.1.name', 'contextLength', 'responseSchema', 'reasoning'] as const).map(paramOf),
    ).toEqual(['messages', 'tools[1].function.name', 'options.num_ctx', 'format', 'think']);
  });

  it.each([
    [{ messages: [{ role: 'clown', content: 'Hi' }] }, 'messages[0].role'],
    [{ options: { temperature: 'hot' } }, 'options.temperature'],
    [{ logprobs: true }, 'logprobs'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ think: 'a lot' }, 'think'],
  ])('is refused by the name of what is wrong in it: %j', (more, param) => {
    expect(refusal(() => chat(more))).toMatchObject({ param });
  });
});

describe('a body of /api/generate', () => {
  const generate = (more: object) => parseGenerate({ model: 'm', prompt: 'Hi', ...more }).request;

  it('is a message of the user, after the system message', () => {
    expect(generate({ system: 'Be short.', images: [PNG] }).messages).toMatchObject([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'Hi' }] },
    ]);
  });

  it('is continued as it is where it is raw or has a suffix', () => {
    expect(generate({ raw: true })).toMatchObject({ messages: [], prompt: { text: 'Hi' } });
    expect(generate({ suffix: 'end' })).toMatchObject({ messages: [], prompt: { text: 'Hi', suffix: 'end' } });
    expect(refusal(() => generate({ raw: true, system: 'Be short.' }))).toMatchObject({ param: 'system' });
    expect(refusal(() => generate({ suffix: 'end', images: [PNG] }))).toMatchObject({ param: 'images' });
  });
});

describe('a body with nothing to answer', () => {
  it('loads its model, or unloads it', () => {
    expect(parseLoad('chat', { model: 'm' })).toEqual({ kind: 'chat', model: 'm', unload: false });
    expect(parseLoad('generate', { model: 'm', prompt: '', keep_alive: '10m', options: { num_ctx: 512 } })).toEqual({
      ...{ kind: 'generate', model: 'm', unload: false },
      ...{ contextLength: 512, contextLengthIsWish: true, keepAliveMilliseconds: 600_000 },
    });
    expect(parseLoad('chat', { model: 'm', messages: [], keep_alive: 0 })).toMatchObject({ unload: true });
    expect(parseLoad('chat', { model: 'm', messages: hello, keep_alive: 0 })).toBeUndefined();
    expect(parseLoad('generate', { model: 'm', prompt: 'Hi' })).toBeUndefined();
  });
});
