import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { type Call, send } from '../in-process-client.ts';
import { newServer, type TestServerOptions } from '../new-server.ts';

const CHAT = { actions: ['chat', 'models:read'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: {} } } } };
const messages = [{ role: 'user', content: 'Hi' }];
const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-beta-of-tomorrow-2027-01-01' };

async function ask(call: Partial<Call>, options: TestServerOptions = {}) {
  const server = await newServer(options);
  const key = await server.issue(CHAT);
  const answer = await send(server.app, {
    ...{ method: 'POST', path: '/v1/messages' },
    ...call,
    headers: { ...headers, 'x-api-key': key, ...call.headers },
  });
  return { ...answer, engine: server.engine };
}

const post = (body: Record<string, unknown>, options: TestServerOptions = {}) =>
  ask({ body: { model: 'small', max_tokens: 64, messages, ...body } }, options);

/** The events of a stream, whose names are the types that their data repeats. */
function readEvents(text: string): readonly Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n\n')
    .map((frame) => {
      const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
      const payload = JSON.parse(data) as Record<string, unknown>;
      expect(payload.type).toBe(name);
      return payload;
    });
}

describe('POST /v1/messages', () => {
  it("answers as Anthropic's does, with the model as the caller named it", async () => {
    const answer = await post({}, { turns: [says('Good day')] });
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        id: expect.stringMatching(/^msg_/),
        type: 'message',
        role: 'assistant',
        model: 'small',
        content: [{ type: 'text', text: 'Good day' }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: { input_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 2 },
      },
    ]);
  });

  it('streams the events of one message', async () => {
    const answer = await post({ stream: true }, { turns: [says('Good day')] });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(readEvents(answer.text).map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it("leaves the caller's own tools to the caller", async () => {
    const tools = [{ name: 'ask_user', input_schema: { type: 'object' } }];
    const answer = await post({ tools }, { turns: [callsTool('ask_user', { about: 'tea' })] });
    expect(answer.json()).toMatchObject({
      content: [{ type: 'tool_use', name: 'ask_user', input: { about: 'tea' } }],
      stop_reason: 'tool_use',
    });
  });

  it('runs the tools of integrations itself, and shows what came of them', async () => {
    const turns = [callsTool('echo', { text: 'one' }), says('It says: one')];
    expect((await post({ integrations: ['mcp/a'] }, { turns })).json()).toMatchObject({
      content: [
        { type: 'mcp_tool_use', name: 'echo', server_name: 'mcp/a', input: { text: 'one' } },
        { type: 'mcp_tool_result', is_error: false, content: [{ type: 'text', text: 'one' }] },
        { type: 'text', text: 'It says: one' },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 4 },
    });
  });

  it('lists what it has ignored', async () => {
    const answer = await post({ metadata: { user_id: 'u' } }, { turns: [says('Hi')] });
    expect(answer.headers['latchkey-ignored']).toBe('metadata');
  });

  it("refuses in Anthropic's words", async () => {
    const answer = await post({ model: 'x/y' });
    expect([answer.status, answer.json()]).toEqual([
      404,
      {
        type: 'error',
        error: {
          type: 'not_found_error',
          message: "There is no model 'x/y'.",
          code: 'model_not_found',
          param: 'model',
        },
      },
    ]);
  });

  it('refuses a server that its token may not use, under the name that its caller gave it', async () => {
    const answer = await post({ mcp_servers: [{ type: 'url', url: 'https://tools.example.com/mcp', name: 'notes' }] });
    expect([answer.status, answer.json()]).toMatchObject([
      403,
      { error: { type: 'permission_error', param: 'mcp_servers' } },
    ]);
  });

  it("refuses a user's image for a model that does not see, and lets it read that a tool has returned one", async () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const refused = await post({ messages: [{ role: 'user', content: [image] }] });
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'messages' } }]);
    const shown = [
      ...messages,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: [image] }] },
    ];
    const { status, engine } = await post({ messages: shown }, { turns: [says('I see')] });
    expect(status).toBe(200);
    expect(engine.requests[0]?.messages.at(-1)?.content).toEqual([
      { type: 'text', text: '[image/png: this model cannot see images]' },
    ]);
  });

  it('ends a stream that fails with the error', async () => {
    const crash = async function* () {
      yield { type: 'message.delta', text: 'Once' } as const;
      throw new ServerError('MODEL_CRASHED', 'The model died.');
    };
    const events = readEvents((await post({ stream: true }, { turns: [crash] })).text);
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });
});

describe('POST /v1/messages/count_tokens', () => {
  const path = '/v1/messages/count_tokens';

  it("counts the prompt in the model's own tokens, and generates nothing", async () => {
    const { engine, ...answer } = await ask({ path, body: { model: 'small', messages } });
    expect([answer.status, answer.json()]).toEqual([200, { input_tokens: expect.any(Number) }]);
    expect(engine.requests).toEqual([]);
  });

  it('needs the permission that a chat needs', async () => {
    const server = await newServer({});
    const token = await server.issue({ actions: ['chat'], models: ['other/*'] });
    const answer = await send(server.app, {
      ...{ method: 'POST', path, token },
      body: { model: 'ibm/granite', messages },
    });
    expect([answer.status, answer.json()]).toMatchObject([
      403,
      { error: { type: 'permission_error', param: 'model' } },
    ]);
  });
});

describe('GET /v1/models', () => {
  const list = (path: string) => ask({ method: 'GET', path });

  it("is Anthropic's list for clients that send its version, a page at a time", async () => {
    const all = (await list('/v1/models')).json() as { data: { id: string }[] };
    expect(all).toMatchObject({
      has_more: false,
      first_id: all.data[0]?.id,
      last_id: all.data.at(-1)?.id,
    });
    const named = { type: 'model', display_name: expect.any(String), created_at: expect.stringMatching(/Z$/) };
    for (const model of all.data) expect(model).toMatchObject(named);
    const ids = all.data.map(({ id }) => id);
    expect(ids).toContain('ibm/granite');
    expect((await list('/v1/models?limit=1')).json()).toMatchObject({ first_id: ids[0], has_more: ids.length > 1 });
    const after = (await list(`/v1/models?after_id=${ids[0]}`)).json() as { data: { id: string }[] };
    expect(after.data.map(({ id }) => id)).toEqual(ids.slice(1));
    const before = (await list(`/v1/models?before_id=${ids.at(-1)}&limit=1000`)).json() as { data: { id: string }[] };
    expect(before.data.map(({ id }) => id)).toEqual(ids.slice(0, -1));
  });

  it("refuses in the words of the client's API", async () => {
    const absent = await list('/v1/models/no/such');
    expect([absent.status, absent.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
    const stranger = await ask({ method: 'GET', path: '/v1/models', headers: { 'x-api-key': 'sk-lm-nobody' } });
    expect([stranger.status, stranger.json()]).toMatchObject([401, { error: { type: 'authentication_error' } }]);
    const { app } = await newServer();
    expect((await send(app, { method: 'GET', path: '/v1/models' })).json()).not.toHaveProperty('type');
  });

  it('has one model by its id', async () => {
    expect((await list('/v1/models/ibm/granite')).json()).toMatchObject({ type: 'model', id: 'ibm/granite' });
  });
});
