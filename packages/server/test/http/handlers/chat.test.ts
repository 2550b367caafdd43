import { once } from 'node:events';
import { callsTool, says, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { open, send } from '../in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from '../new-server.ts';

const CHAT = { actions: ['chat'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: {} } } } };

async function post(body: Record<string, unknown>, options: TestServerOptions = {}, grant: unknown = CHAT) {
  const server = await newServer(options);
  const token = await server.issue(grant);
  const answer = await send(server.app, {
    method: 'POST',
    path: '/api/v1/chat',
    token,
    body: { model: 'ibm/granite', input: 'Hi', ...body },
  });
  return { ...answer, server, token };
}

/** The names and payloads of a stream's events. */
function readEvents(text: string): readonly (Record<string, unknown> & { readonly type: string })[] {
  return text
    .trimEnd()
    .split('\n\n')
    .map((frame) => {
      const [, name, data = ''] = /^event: (.+)\ndata: (.+)$/.exec(frame) ?? expect.fail(`no frame: ${frame}`);
      const payload = JSON.parse(data) as Record<string, unknown> & { readonly type: string };
      expect(payload.type).toBe(name);
      return payload;
    });
}

describe('POST /api/v1/chat', () => {
  it('answers with what the chat came to', async () => {
    const answer = await post({ store: true }, { turns: [says('Good day')] });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.json()).toMatchObject({
      model_instance_id: 'ibm/granite',
      output: [{ type: 'message', content: 'Good day' }],
      stats: { input_tokens: 5, total_output_tokens: 2 },
      response_id: expect.stringMatching(/^resp_/),
    });
  });

  it('streams the events, from chat.start to a chat.end that holds the whole answer', async () => {
    const answer = await post({ stream: true }, { turns: [says('Good day')] });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = readEvents(answer.text);
    expect(events.map(({ type }) => type)).toEqual([
      'chat.start',
      'model_load.start',
      'model_load.end',
      'prompt_processing.start',
      'prompt_processing.progress',
      'prompt_processing.end',
      'message.start',
      'message.delta',
      'message.end',
      'chat.end',
    ]);
    expect(events.at(-1)).toMatchObject({ result: { output: [{ type: 'message', content: 'Good day' }] } });
  });

  it('runs the tools that the token permits, and shows what it did', async () => {
    const answer = await post(
      { integrations: [{ type: 'plugin', id: 'mcp/a', allowed_tools: ['echo'] }], stream: true },
      { turns: [callsTool('echo', { text: 'first line' }), says('It says: first line')] },
    );
    const provider_info = { type: 'plugin', plugin_id: 'mcp/a' };
    const called = { tool: 'echo', arguments: { text: 'first line' }, provider_info };
    expect(readEvents(answer.text).filter(({ type }) => type.startsWith('tool_call'))).toEqual([
      { type: 'tool_call.start', tool: 'echo', provider_info },
      { type: 'tool_call.name', tool_name: 'echo', provider_info },
      { type: 'tool_call.arguments', ...called },
      { type: 'tool_call.success', ...called, output: '[{"type":"text","text":"first line"}]' },
    ]);
  });

  it('goes on from an earlier answer', async () => {
    const first = await post({ store: true }, { turns: [says('One'), says('Two')] });
    const previous_response_id = first.json().response_id;
    const { app, engine } = first.server;
    const body = { model: 'ibm/granite', input: 'And then?', previous_response_id };
    expect((await send(app, { method: 'POST', path: '/api/v1/chat', token: first.token, body })).status).toBe(200);
    expect(engine.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it("finds nobody else's answers", async () => {
    const first = await post({ store: true }, { turns: [says('One')] });
    const body = { model: 'ibm/granite', input: 'And then?', previous_response_id: first.json().response_id };
    const token = await first.server.issue({ actions: ['*'], models: ['*'] });
    const answer = await send(first.server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    expect([answer.status, answer.json()]).toMatchObject([
      404,
      { error: { code: 'previous_response_not_found', param: 'previous_response_id' } },
    ]);
  });

  it.each([
    [
      'a model that the token may not use',
      { model: 'x/y' },
      { ...CHAT, models: ['ibm/*'] },
      403,
      'permission_denied',
      'model',
    ],
    ['a model that is not there', { model: 'x/y' }, CHAT, 404, 'model_not_found', 'model'],
    [
      'a plugin that the token may not use',
      { integrations: ['mcp/b'] },
      CHAT,
      403,
      'permission_denied',
      'integrations',
    ],
    [
      'a tool that the token may not use',
      { integrations: [{ type: 'plugin', id: 'mcp/a', allowed_tools: ['hang'] }] },
      CHAT,
      403,
      'permission_denied',
      'integrations',
    ],
    ['a key that there is not', { seed: 1 }, CHAT, 400, 'unrecognized_keys', 'seed'],
    ['a value of the wrong kind', { temperature: 'hot' }, CHAT, 400, 'invalid_value', 'temperature'],
    [
      'more context than the model has',
      { context_length: 5000, stream: false },
      CHAT,
      400,
      'invalid_value',
      'context_length',
    ],
  ])(
    'refuses %s before it sends a byte, also where a stream was asked for',
    async (_, body, grant, status, code, param) => {
      const answer = await post({ stream: true, ...body }, {}, grant);
      expect([answer.status, answer.json()]).toMatchObject([status, { error: { code, param } }]);
    },
  );

  it('answers a failure with its status when nothing is streamed', async () => {
    const crash = async function* () {
      yield { type: 'message.delta', text: 'Once' } as const;
      throw new ServerError('MODEL_CRASHED', 'The model died.');
    };
    const answer = await post({}, { turns: [crash] });
    expect([answer.status, answer.json()]).toMatchObject([503, { error: { code: 'model_crashed' } }]);
  });

  it('answers a failure within a stream with an error, and then chat.end', async () => {
    const crash = async function* () {
      yield { type: 'message.delta', text: 'Once' } as const;
      throw new ServerError('MODEL_CRASHED', 'The model died.');
    };
    const answer = await post({ stream: true }, { turns: [crash] });
    expect(answer.status).toBe(200);
    expect(readEvents(answer.text).slice(-2)).toMatchObject([
      { type: 'error', error: { type: 'internal_error', message: 'The model died.' } },
      { type: 'chat.end' },
    ]);
  });

  it('stops generating when the caller goes away', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<string>();
    const server: TestServer = await newServer({
      turns: [
        async function* (request, signal) {
          yield* talksUntilAborted(request, signal);
          resolve('stopped');
        },
      ],
    });
    const answer = await open(server.app, {
      method: 'POST',
      path: '/api/v1/chat',
      token: await server.issue(CHAT),
      body: { model: 'ibm/granite', input: 'Hi', stream: true },
    });
    await answer.received('"and "');
    const complaint = vi.spyOn(console, 'error');
    onTestFinished(() => complaint.mockRestore());
    const noticed = once(server.app, 'error');
    answer.leave();
    expect(await stopped).toBe('stopped');
    // That an answer was not taken is said in the log, for who looks for it, and nowhere else.
    await noticed;
    expect(complaint).not.toHaveBeenCalled();
    expect(server.log.join('')).not.toMatch(/"level":(50|60)/);
  });

  it('tells a caller who waits for the whole answer that the server stops, in place of half of it', async () => {
    const server: TestServer = await newServer({
      turns: [
        async function* () {
          yield { type: 'message.delta', text: 'Half' };
          server.stop.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
        },
      ],
    });
    const token = await server.issue(CHAT);
    const body = { model: 'ibm/granite', input: 'Hi' };
    const answer = await send(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    expect([answer.status, answer.json()]).toMatchObject([503, { error: { code: 'shutting_down' } }]);
  });
});
