import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, finish, message, progress, says, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { lines } from '../../src/http/reply.ts';
import { breakSilence } from '../../src/http/sse.ts';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT: Grant = { actions: ['chat', 'models:read'], models: ['ibm/*'] };
const LOADER: Grant = { actions: ['chat', 'models:read', 'models:load'], models: ['ibm/*'] };
const messages = [{ role: 'user', content: 'Hi' }];
const post = ({ app }: TestServer, token: string, path: string, body: object) =>
  send(app, { method: 'POST', path, token, body: { model: 'ibm/granite', ...body } });
const get = ({ app }: TestServer, token: string, path: string) => send(app, { path, token });
const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
/** What a line of a stream says, in either API. */
const read = (line: string): unknown => {
  const data = line.replace('data: ', '');
  const piece = data.startsWith('{') ? JSON.parse(data) : {};
  return piece.message?.content ?? piece.choices?.[0]?.delta?.content;
};
const counts = {
  total_duration: expect.any(Number),
  load_duration: expect.any(Number),
  prompt_eval_count: 5,
  prompt_eval_duration: expect.any(Number),
  eval_count: 2,
  eval_duration: expect.any(Number),
};

describe('POST /api/chat', () => {
  it('answers in lines of JSON, the last of them with the figures', async () => {
    const server = await newServer({ turns: [[progress(), message('Good'), message(' day'), finish()]] });
    const answer = await post(server, await server.issue(GRANT), '/api/chat', { messages });
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const said = (content: string, rest: object) => ({
      ...{ model: 'ibm/granite', created_at: '2026-01-01T00:00:00.000Z', message: { role: 'assistant', content } },
      ...rest,
    });
    expect(linesOf(answer.text)).toEqual([
      said('Good', { done: false }),
      said(' day', { done: false }),
      said('', { done: true, done_reason: 'stop', ...counts }),
    ]);
  });

  it.each([
    ['/api/chat', { messages }],
    ['/v1/chat/completions', { messages, stream: true }],
  ])('has no character in a line of its stream at which any reader ends a line (%s)', async (path, body) => {
    const said = 'a\u2028b\u2029c\u0085d\ne\u000bf';
    const server = await newServer({ turns: [[progress(), message(said), finish()]] });
    const { text } = await post(server, await server.issue(GRANT), path, body);
    expect(text).not.toMatch(/[\u0085\u2028\u2029]/);
    expect(text.split('\n').map(read)).toContain(said);
  });

  it('answers in one object where it is not streamed, with a call of a tool in it', async () => {
    const server = await newServer({ turns: [says('Good day'), callsTool('ask', { a: 1 })] });
    const token = await server.issue(GRANT);
    const whole = await post(server, token, '/api/chat', { messages, stream: false });
    expect(whole.json()).toMatchObject({ message: { content: 'Good day' }, done: true, ...counts });
    const tools = [{ type: 'function', function: { name: 'ask', parameters: { type: 'object' } } }];
    const called = await post(server, token, '/api/chat', { messages, tools, stream: false });
    expect(called.json()).toMatchObject({
      message: {
        content: '',
        tool_calls: [{ id: expect.stringMatching(/^call_/), function: { index: 0, name: 'ask', arguments: { a: 1 } } }],
      },
      done_reason: 'stop',
    });
  });

  it('refuses in a text, with code and parameter beside it', async () => {
    const server = await newServer();
    const token = await server.issue(GRANT);
    const foreign = await post(server, token, '/api/chat', { model: 'x/y', messages });
    expect([foreign.status, foreign.json()]).toMatchObject([
      403,
      {
        error: expect.stringContaining("'x/y'"),
        code: 'permission_denied',
        param: 'model',
        details: { rule: 'models' },
      },
    ]);
    const wrong = await post(server, token, '/api/chat', { messages, format: 'xml' });
    expect([wrong.status, wrong.json()]).toMatchObject([400, { error: expect.any(String), param: 'format' }]);
  });

  it('tells a failure in the middle in a last line that is no end', async () => {
    const turn: Turn = async function* () {
      yield progress();
      yield message('Go');
      throw new Error('the model fell over');
    };
    const server = await newServer({ turns: [turn] });
    const answer = await post(server, await server.issue(GRANT), '/api/chat', { messages });
    expect(linesOf(answer.text)).toMatchObject([
      { done: false },
      { error: expect.any(String), code: 'internal_error' },
    ]);
  });

  it('sends a space into a silence, which belongs to the next line', async () => {
    const held = Promise.withResolvers<void>();
    async function* frames() {
      await held.promise;
      yield '{"done":true}\n';
    }
    const { body } = lines(frames());
    if (body === undefined || !('events' in body)) throw new Error('It is not a stream.');
    let text = '';
    for await (const piece of breakSilence({ ...body, silenceMilliseconds: 1 })) {
      text += piece;
      held.resolve();
    }
    expect([text.trimStart(), text.startsWith(' '), JSON.parse(text)]).toEqual([
      '{"done":true}\n',
      true,
      { done: true },
    ]);
  });
});

describe('POST /api/generate', () => {
  it('answers a prompt, and continues a raw one', async () => {
    const server = await newServer({ turns: [says('Good day'), says('time')] });
    const token = await server.issue(GRANT);
    const asked = await post(server, token, '/api/generate', { prompt: 'Hi', system: 'Be short.', stream: false });
    expect(asked.json()).toMatchObject({ response: 'Good day', done: true, done_reason: 'stop', ...counts });
    const raw = await post(server, token, '/api/generate', { prompt: 'Once upon a', raw: true });
    expect(linesOf(raw.text)).toMatchObject([
      { response: 'time', done: false },
      { response: '', done: true },
    ]);
    expect(server.engine.requests).toMatchObject([
      { messages: [{ role: 'system' }, { role: 'user' }] },
      { messages: [], prompt: { text: 'Once upon a' } },
    ]);
  });
});

describe('the name of a model', () => {
  it('means the same with the tag that clients add to it', async () => {
    const server = await newServer({ turns: [says('a'), says('b')] });
    const token = await server.issue(GRANT);
    for (const model of ['ibm/granite:latest', 'small:latest']) {
      const answer = await post(server, token, '/api/chat', { model, messages, stream: false });
      expect(answer.json()).toMatchObject({ model, message: { role: 'assistant' } });
    }
    expect((await post(server, token, '/api/show', { model: 'ibm/granite:latest' })).status).toBe(200);
  });

  it('tells nothing about models that the token may not use', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['chat', 'models:read'], models: ['x/*'] });
    for (const path of ['/api/chat', '/api/generate', '/api/show']) {
      const [there, absent] = await Promise.all(
        ['ibm/granite', 'ibm/nothing'].map(async (key) => {
          const answer = await post(server, token, path, { model: `${key}:latest`, messages, prompt: 'Hi' });
          return [answer.status, answer.text.replaceAll(key, 'KEY')];
        }),
      );
      expect(there).toEqual(absent);
    }
  });
});

describe('the lists of models', () => {
  it('have the models that the token may use, under their keys and aliases', async () => {
    const server = await newServer();
    const { models } = (await get(server, await server.issue(GRANT), '/api/tags')).json() as { models: object[] };
    expect(models.map((model) => 'name' in model && model.name)).toEqual(['ibm/granite', 'ibm/other', 'small']);
    expect(models[0]).toMatchObject({
      model: 'ibm/granite',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      details: { format: 'gguf', family: expect.any(String), families: [expect.any(String)] },
      capabilities: expect.arrayContaining(['completion', 'tools']),
    });
    const narrow = await server.issue({ ...GRANT, models: ['ibm/other'] });
    expect((await get(server, narrow, '/api/tags')).json()).toMatchObject({ models: [{ name: 'ibm/other' }] });
  });

  it('show how much context a request can ask for', async () => {
    const server = await newServer();
    const shown = (await post(server, await server.issue(GRANT), '/api/show', {})).json();
    const info = shown.model_info as Record<string, unknown>;
    expect(info[`${info['general.architecture']}.context_length`]).toBeGreaterThan(1024);
    expect(shown).toMatchObject({ capabilities: expect.arrayContaining(['completion']), details: { format: 'gguf' } });
    const absent = await post(server, await server.issue(GRANT), '/api/show', { model: 'x/y' });
    expect([absent.status, absent.json()]).toMatchObject([404, { error: "model 'x/y' not found" }]);
  });

  it.each([2_147_484, 1e12, 1e300, '9000h', '999999999999h'])(
    'have a model that stays longer than a timer can wait as one that stays (%s)',
    async (keep_alive) => {
      const server = await newServer();
      const token = await server.issue(LOADER);
      await post(server, token, '/api/chat', { keep_alive });
      const listed = await get(server, token, '/api/ps');
      expect([listed.status, listed.json()]).toMatchObject([200, { models: [{ expires_at: '9999-12-31T23:59:59Z' }] }]);
    },
  );

  it('have the models in memory, and until when they stay', async () => {
    const server = await newServer();
    const token = await server.issue(LOADER);
    expect((await get(server, token, '/api/ps')).json()).toEqual({ models: [] });
    await post(server, token, '/api/chat', { keep_alive: '2h' });
    const { models } = (await get(server, token, '/api/ps')).json() as { models: { expires_at: string }[] };
    expect(models).toMatchObject([{ name: 'ibm/granite', context_length: 1024 }]);
    const left = Date.parse(models[0]?.expires_at ?? '') - Date.now();
    expect(Math.abs(left - 7_200_000)).toBeLessThan(60_000);
    const stranger = await server.issue({ ...LOADER, models: ['ibm/other'] });
    expect((await get(server, stranger, '/api/ps')).json()).toEqual({ models: [] });
  });
});

describe('loading', () => {
  const loaded = async (server: TestServer, token: string) =>
    ((await get(server, token, '/api/ps')).json().models as { name: string; context_length: number }[]).map(
      ({ name, context_length }) => [name, context_length],
    );

  it('is what a request without a message asks for, and unloading with a keep_alive of 0', async () => {
    const server = await newServer();
    const token = await server.issue(LOADER);
    const load = await post(server, token, '/api/generate', { prompt: '' });
    expect(load.json()).toMatchObject({ response: '', done: true, done_reason: 'load' });
    expect(await loaded(server, token)).toEqual([['ibm/granite', 1024]]);
    const unload = await post(server, token, '/api/chat', { messages: [], keep_alive: 0 });
    expect(unload.json()).toMatchObject({ message: { content: '' }, done: true, done_reason: 'unload' });
    expect(await loaded(server, token)).toEqual([]);
  });

  it('is not undone by a token that may not load', async () => {
    const server = await newServer({ turns: [says('a'), says('b')] });
    const token = await server.issue(GRANT);
    expect((await post(server, token, '/api/chat', {})).status).toBe(200);
    const refused = await post(server, token, '/api/chat', { keep_alive: 0 });
    expect([refused.status, refused.json()]).toMatchObject([403, { details: { rule: 'actions' } }]);
    // A chat is answered, and its keep_alive has no effect.
    for (const keep_alive of [0, '9h']) await post(server, token, '/api/chat', { messages, keep_alive });
    expect(await loaded(server, token)).toEqual([['ibm/granite', 1024]]);
    const { models } = (await get(server, token, '/api/ps')).json() as { models: { expires_at: string }[] };
    expect(Math.abs(Date.parse(models[0]?.expires_at ?? '') - Date.now() - 3_600_000)).toBeLessThan(60_000);
  });

  it('asks for the model to be permitted', async () => {
    const server = await newServer();
    const stranger = await server.issue({ ...LOADER, models: ['ibm/other'] });
    for (const keep_alive of ['1h', 0]) {
      const refused = await post(server, stranger, '/api/generate', { keep_alive });
      expect([refused.status, refused.json()]).toMatchObject([403, { param: 'model', details: { rule: 'models' } }]);
    }
    expect(await loaded(server, await server.issue(LOADER))).toEqual([]);
  });

  it('with a longer context is for tokens that may load; others get the context that there is', async () => {
    const server = await newServer({ turns: [says('a'), says('b'), says('c')] });
    const [guest, loader] = [await server.issue(GRANT), await server.issue(LOADER)];
    const wish = { messages, options: { num_ctx: 2000 } };
    expect((await post(server, guest, '/api/chat', wish)).status).toBe(200);
    expect(await loaded(server, guest)).toEqual([['ibm/granite', 1024]]);
    expect((await post(server, loader, '/api/chat', wish)).status).toBe(200);
    expect(await loaded(server, guest)).toEqual([['ibm/granite', 2048]]);
    // More than the model has is as much as it has.
    const { status } = await post(server, loader, '/api/chat', { messages, options: { num_ctx: 1_000_000 } });
    expect(status).toBe(200);
  });
});

describe('what this server does not do with models', () => {
  it('is refused in words, to those who may', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['models:download'] });
    const answer = await post(server, token, '/api/pull', {});
    expect([answer.status, answer.json()]).toMatchObject([400, { error: expect.stringContaining('models folder') }]);
  });
});

describe('the greeting', () => {
  it('says that a server is there, to HEAD and GET, without a token', async () => {
    const { app } = await newServer();
    expect((await send(app, { path: '/' })).text).toBe('Ollama is running');
    expect(await send(app, { method: 'HEAD', path: '/' })).toMatchObject({ status: 200, text: '' });
  });
});
