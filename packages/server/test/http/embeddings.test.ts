import { countsLetters, describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { openaiEmbeddings } from '../../src/dialects/openai/embeddings.ts';
import { jsonInPieces } from '../../src/http/reply.ts';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT = { actions: ['embeddings'], models: ['ibm/granite'] };

async function embeddingServer(): Promise<TestServer> {
  const server = await newServer();
  server.engine.embedder = countsLetters;
  server.engine.describe = () => describedModel({ type: 'embedding' });
  return server;
}

const ask = ({ app }: TestServer, token: string, body: object, path = '/v1/embeddings') =>
  send(app, { method: 'POST', path, token, body: { model: 'ibm/granite', ...body } });

describe('POST /v1/embeddings', () => {
  it('answers with a vector for each input, and with the tokens that it took', async () => {
    const server = await embeddingServer();
    const answer = await ask(server, await server.issue(GRANT), { input: ['a b', 'b'] });
    expect(answer.json()).toMatchObject({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: expect.arrayContaining([Math.fround(Math.SQRT1_2)]) },
        { object: 'embedding', index: 1 },
      ],
      model: 'ibm/granite',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });

  it.each<[string, unknown, number]>([
    ['a text', 'a', 1],
    ['texts', ['a', 'b'], 2],
    ['tokens', [0, 1], 1],
    ['several lists of tokens', [[0], [1, 2]], 2],
  ])('takes %s', async (_, input, count) => {
    const server = await embeddingServer();
    const { data } = (await ask(server, await server.issue(GRANT), { input })).json();
    expect(data).toHaveLength(count);
  });

  it('writes vectors as base64 where that is asked for', async () => {
    const server = await embeddingServer();
    const token = await server.issue(GRANT);
    const read = async (body: object) =>
      ((await ask(server, token, { input: 'abc', ...body })).json().data as { embedding: unknown }[])[0]?.embedding;
    const bytes = Uint8Array.from(Buffer.from(String(await read({ encoding_format: 'base64' })), 'base64'));
    expect([...new Float32Array(bytes.buffer)]).toEqual(await read({}));
  });

  it('cuts vectors to the dimensions that are asked for, with length 1 again, and refuses more than there are', async () => {
    const server = await embeddingServer();
    const token = await server.issue(GRANT);
    const { data } = (await ask(server, token, { input: 'a b c', dimensions: 2 })).json();
    const [{ embedding } = { embedding: [] }] = data as { embedding: number[] }[];
    expect(embedding).toHaveLength(2);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    const refused = await ask(server, token, { input: 'a', dimensions: 27 });
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'dimensions' } }]);
  });

  it.each([
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: ['a', ''] }, 'input[1]'],
    [{ input: [['a']] }, 'input[0][0]'],
    [{ input: { text: 'a' } }, 'input'],
    [{}, 'input'],
    [{ input: 'a', encoding_format: 'int8' }, 'encoding_format'],
    [{ input: 'a', dimensions: 0 }, 'dimensions'],
    [{ input: 'a '.repeat(2000) }, 'input'],
  ])('refuses %j by the name of %s', async (body, param) => {
    const server = await embeddingServer();
    const answer = await ask(server, await server.issue(GRANT), body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { type: 'invalid_request_error', param } }]);
  });

  it.each([
    ['another action', { actions: ['chat'], models: ['*'] }],
    ['another model', { actions: ['embeddings'], models: ['ibm/other'] }],
  ])('is denied to a token for %s', async (_, grant) => {
    const server = await embeddingServer();
    const answer = await ask(server, await server.issue(grant), { input: 'a' });
    expect(answer.status).toBe(403);
    expect(server.engine.loads).toEqual([]);
  });

  it('takes the tokens out of the budget, and refuses what is beyond it before the model reads it', async () => {
    const server = await embeddingServer();
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 5 } });
    expect((await ask(server, token, { input: 'a b c' })).status).toBe(200);
    expect((await ask(server, token, { input: 'a b c' })).status).toBe(429);
    expect((await ask(server, token, { input: 'a b' })).status).toBe(200);
    expect((await ask(server, token, { input: 'a' })).status).toBe(429);
  });

  it('sends no input to a model that cannot fit into its context', async () => {
    const server = await embeddingServer();
    const seen: unknown[] = [];
    server.engine.embedder = {
      ...countsLetters,
      embed: (request, signal) => {
        seen.push(request);
        return countsLetters.embed(request, signal);
      },
    };
    const token = await server.issue(GRANT);
    for (const input of ['x'.repeat(50_000), ['a', 'x'.repeat(50_000)], Array.from({ length: 3000 }, () => 1)]) {
      const answer = await ask(server, token, { input });
      expect([answer.status, answer.json()]).toMatchObject([
        400,
        { error: { code: 'context_length_exceeded', param: 'input' } },
      ]);
    }
    expect(seen).toEqual([]);
  });

  it('asks an engine in parts where it takes a few inputs only, and charges what was read before a refusal', async () => {
    const server = await embeddingServer();
    const parts: number[] = [];
    server.engine.embedder = {
      ...countsLetters,
      mostInputs: 2,
      embed: (request, signal) => {
        parts.push(request.inputs.length);
        return countsLetters.embed(request, signal);
      },
    };
    const token = await server.issue({ ...GRANT, actions: ['embeddings', 'usage:read'] });
    const answer = await ask(server, token, { input: ['a', 'b', 'c', 'a b', 'c'] });
    expect(answer.json()).toMatchObject({ usage: { prompt_tokens: 6 } });
    expect(answer.json().data).toHaveLength(5);
    expect(parts).toEqual([2, 2, 1]);
    expect((await ask(server, token, { input: ['a', 'b', 'a '.repeat(1200)] })).status).toBe(400);
    const usage = await send(server.app, { path: '/api/v1/usage', token });
    expect(usage.json().totals).toMatchObject({ inputTokens: 6 + 2 });
  });

  it('writes thousands of vectors between other work', async () => {
    const { parse } = openaiEmbeddings;
    const vectors = Array.from({ length: 2048 }, () => new Float32Array(512).fill(0.1));
    const { render } = parse({ model: 'm', input: 'a' });
    const { body } = jsonInPieces(render({ model: 'm', vectors, promptTokens: 1, seconds: 1 }));
    if (body === undefined || !('stream' in body)) throw new Error('the answer is written at once');
    let [turns, text] = [0, ''];
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    for await (const piece of body.stream) text += piece;
    clearImmediate(next);
    expect(JSON.parse(text).data).toHaveLength(2048);
    // About ten million characters.
    expect(turns).toBeGreaterThan(20);
  });

  it('gives back what a refused request had reserved', async () => {
    const server = await embeddingServer();
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 2500 } });
    expect((await ask(server, token, { input: 'a '.repeat(2000) })).status).toBe(400);
    expect((await ask(server, token, { input: 'a '.repeat(999).trim() })).status).toBe(200);
  });

  it('appears in the usage of its token', async () => {
    const server = await embeddingServer();
    const token = await server.issue({ ...GRANT, actions: ['embeddings', 'usage:read'] });
    await ask(server, token, { input: 'a b c' });
    const usage = await send(server.app, { path: '/api/v1/usage', token });
    expect(JSON.stringify(usage.json())).toMatch(/"requests":1.*"input_?[tT]okens":3/);
  });

  it('is refused by a model that chats, which is not loaded for it, and a chat by one that makes embeddings', async () => {
    const server = await embeddingServer();
    server.engine.describe = (key) => describedModel(key === 'ibm/granite' ? {} : { type: 'embedding' });
    const token = await server.issue({ actions: ['embeddings', 'chat'], models: ['*'] });
    const refused = await ask(server, token, { input: 'a' });
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'model' } }]);
    const chat = await ask(
      server,
      token,
      { model: 'ibm/other', messages: [{ role: 'user', content: 'Hello' }] },
      '/v1/chat/completions',
    );
    expect([chat.status, chat.json()]).toMatchObject([400, { error: { param: 'model' } }]);
    expect(server.engine.loads).toEqual([]);
  });

  it('does not unload the model that chats', async () => {
    const server = await embeddingServer();
    server.engine.describe = (key) => describedModel(key === 'ibm/granite' ? { type: 'embedding' } : {});
    server.engine.turns.push([], []);
    const token = await server.issue({ actions: ['embeddings', 'chat'], models: ['*'] });
    const chat = { model: 'ibm/other', messages: [{ role: 'user', content: 'Hello' }] };
    await ask(server, token, chat, '/v1/chat/completions');
    await ask(server, token, { input: 'a' });
    await ask(server, token, chat, '/v1/chat/completions');
    await ask(server, token, { input: 'a' });
    expect(server.engine.loads.map(({ model }) => model.key)).toEqual(['ibm/other', 'ibm/granite']);
  });
});
