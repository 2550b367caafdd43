import { EngineError } from '@latchkey/engine';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { send } from '../in-process-client.ts';
import { newServer, type TestServerOptions } from '../new-server.ts';

const CHAT = { actions: ['chat'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: {} } } } };
const tools = [{ type: 'function', function: { name: 'ask_user', parameters: { type: 'object' } } }];

async function post(body: Record<string, unknown>, options: TestServerOptions = {}) {
  const server = await newServer(options);
  const answer = await send(server.app, {
    method: 'POST',
    path: '/v1/chat/completions',
    token: await server.issue(CHAT),
    body: { model: 'small', messages: [{ role: 'user', content: 'Hi' }], ...body },
  });
  return { ...answer, engine: server.engine };
}

/** The chunks of a stream; the last frame says that it is whole. */
function readChunks(text: string): readonly Record<string, unknown>[] {
  const frames = text.trimEnd().split('\n\n');
  expect(frames.pop()).toBe('data: [DONE]');
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as Record<string, unknown>);
}

describe('POST /v1/chat/completions', () => {
  it("answers as OpenAI's does, with the model as the caller named it", async () => {
    const answer = await post({}, { turns: [says('Good day')] });
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      {
        id: expect.stringMatching(/^chatcmpl-/),
        object: 'chat.completion',
        created: 1_767_225_600,
        model: 'small',
        choices: [{ message: { role: 'assistant', content: 'Good day' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      },
    ]);
  });

  it('streams chunks, and says [DONE]', async () => {
    const answer = await post({ stream: true, stream_options: { include_usage: true } }, { turns: [says('Good day')] });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const chunks = readChunks(answer.text);
    expect(chunks.map(({ choices }) => choices)).toMatchObject([
      [{ delta: { role: 'assistant', content: '' } }],
      [{ delta: { content: 'Good day' } }],
      [{ delta: {}, finish_reason: 'stop' }],
      [],
    ]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it("leaves the caller's own tools to the caller", async () => {
    const answer = await post({ tools }, { turns: [callsTool('ask_user', { about: 'tea' })] });
    expect(answer.json()).toMatchObject({
      choices: [
        {
          message: { content: null, tool_calls: [{ function: { name: 'ask_user', arguments: '{"about":"tea"}' } }] },
          finish_reason: 'tool_calls',
        },
      ],
    });
  });

  it('runs the tools of integrations itself', async () => {
    const answer = await post(
      { integrations: ['mcp/a'] },
      { turns: [callsTool('echo', { text: 'first line' }), says('It says: first line')] },
    );
    expect(answer.json()).toMatchObject({
      choices: [{ message: { content: 'It says: first line' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 4 },
    });
    expect(answer.engine.requests[1]?.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: [{ type: 'text', text: 'first line' }],
    });
  });

  it("refuses a tool of the caller's that has the name of one of ours", async () => {
    const mine = [{ type: 'function', function: { name: 'echo' } }];
    const answer = await post({ integrations: ['mcp/a'], tools: mine });
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param: 'tools[0].function.name' } }]);
  });

  it("refuses in OpenAI's words", async () => {
    const answer = await post({ model: 'x/y' });
    expect([answer.status, answer.json()]).toEqual([
      404,
      {
        error: {
          message: "There is no model 'x/y'.",
          type: 'invalid_request_error',
          param: 'model',
          code: 'model_not_found',
        },
      },
    ]);
  });

  it('ends a stream that fails with the error, without a reason that makes it look whole', async () => {
    const crash = async function* () {
      yield { type: 'message.delta', text: 'Once' } as const;
      throw new ServerError('MODEL_CRASHED', 'The model died.');
    };
    const chunks = readChunks((await post({ stream: true }, { turns: [crash] })).text);
    expect(chunks.at(-1)).toMatchObject({ error: { code: 'model_crashed', type: 'server_error' } });
    expect(JSON.stringify(chunks)).not.toMatch(/"finish_reason":"/);
  });

  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['/api/v1/chat', { input: 'Hi' }],
  ])('%s has a status for what is refused before the first token, streamed or not', async (path, body) => {
    for (const stream of [true, false]) {
      const server = await newServer({
        turns: [
          says('The model is loaded.'),
          // biome-ignore lint/correctness/useYield: it fails before it has anything to say.
          async function* () {
            throw new EngineError('CONTEXT_EXCEEDED', 'The conversation is longer than the context.', {
              field: 'messages',
            });
          },
        ],
      });
      const token = await server.issue(CHAT);
      const ask = () => send(server.app, { method: 'POST', path, token, body: { model: 'small', stream, ...body } });
      await ask();
      const answer = await ask();
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({
        error: { code: 'context_length_exceeded', param: path === '/api/v1/chat' ? 'input' : 'messages' },
      });
    }
  });

  it('is busy in words that say when to come again', async () => {
    const answer = await post(
      { stream: true },
      {
        turns: [
          // biome-ignore lint/correctness/useYield: it fails before it has anything to say.
          async function* () {
            throw new ServerError('OVERLOADED', 'Too many requests are waiting.');
          },
        ],
      },
    );
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({ error: { code: 'overloaded' } });
  });

  it('lists in a header what of a request has no effect', async () => {
    const answer = await post({ draft_model: 'x', keep_alive: -1, user: 'ann' }, { turns: [says('Hi')] });
    expect([answer.status, answer.headers['latchkey-ignored']]).toEqual([200, 'draft_model, keep_alive, user']);
    expect((await post({}, { turns: [says('Hi')] })).headers).not.toHaveProperty('latchkey-ignored');
  });

  it.each(['none', 'minimal', 'low', 'high', 'xhigh'])(
    'takes the effort %s for a model that does not think',
    async (reasoning_effort) => {
      const answer = await post({ reasoning_effort }, { turns: [says('Hi')] });
      expect(answer.status).toBe(200);
      expect(answer.engine.requests[0]).not.toHaveProperty('reasoning');
    },
  );
});
