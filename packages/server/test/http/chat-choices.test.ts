import { callsTool, finish, message, progress, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT = { actions: ['chat'], models: ['ibm/granite'] };
const says = (text: string): Turn => [progress(), message(text), finish()];
const ask = ({ app }: TestServer, token: string, body: object, path = '/v1/chat/completions') =>
  send(app, {
    method: 'POST',
    path,
    token,
    body: { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }], ...body },
  });

interface Chunk {
  readonly choices: readonly { index: number; delta: { content?: string }; finish_reason: string | null }[];
  readonly usage?: object | null;
}
const chunksOf = (text: string): Chunk[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));

describe('a completion with several choices (n)', () => {
  it('has each of them, generated with a seed of its own, and counts the prompt once', async () => {
    const server = await newServer({ turns: ['a', 'b', 'c'].map(says) });
    const answer = await ask(server, await server.issue(GRANT), { n: 3, seed: 5 });
    expect(answer.json()).toMatchObject({
      object: 'chat.completion',
      choices: ['a', 'b', 'c'].map((content, index) => ({
        index,
        message: { role: 'assistant', content },
        finish_reason: 'stop',
      })),
      usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
    });
    expect(server.engine.requests.map(({ sampling }) => sampling.seed)).toEqual([5, 6, 7]);
    const older = await newServer({ turns: ['a', 'b'].map(says) });
    const v0 = await ask(older, await older.issue(GRANT), { n: 2 }, '/api/v0/chat/completions');
    expect(v0.json()).toMatchObject({ choices: [{ index: 0 }, { index: 1 }], stats: {} });
  });

  it('streams them one after the other, with one usage for all and one end', async () => {
    const server = await newServer({ turns: ['a', 'b'].map(says) });
    const body = { n: 2, stream: true, stream_options: { include_usage: true } };
    const { text } = await ask(server, await server.issue(GRANT), body);
    const chunks = chunksOf(text);
    const said = chunks.flatMap(({ choices }) => choices.map(({ index, delta }) => `${index}${delta.content ?? '!'}`));
    expect(said).toEqual(['0', '0a', '0!', '1', '1b', '1!']);
    expect(chunks.filter(({ usage }) => usage !== null).map(({ usage }) => usage)).toMatchObject([
      { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
    ]);
    expect(text.match(/\[DONE\]/g)).toHaveLength(1);
  });

  it('has the calls of its client in each', async () => {
    const server = await newServer({ turns: [callsTool('look', { at: 1 }), callsTool('look', { at: 2 })] });
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
    const { choices } = (await ask(server, await server.issue(GRANT), { n: 2, tools })).json();
    expect(choices).toMatchObject(
      [1, 2].map((at) => ({
        finish_reason: 'tool_calls',
        message: { tool_calls: [{ function: { name: 'look', arguments: JSON.stringify({ at }) } }] },
      })),
    );
  });

  it('counts against the budget as a whole, and ends with the refusal of a choice', async () => {
    const server = await newServer({ turns: ['a', 'b', 'c'].map(says) });
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 12 } });
    const refused = await ask(server, token, { n: 3, max_tokens: 4 });
    expect(refused.status).toBe(429);
    const streaming = await newServer({ turns: ['a', 'b', 'c'].map(says) });
    const small = await streaming.issue({ ...GRANT, limits: { tokensPerDay: 12 } });
    const { text } = await ask(streaming, small, { n: 3, max_tokens: 4, stream: true });
    expect(text).toContain('"error"');
    expect(chunksOf(text).flatMap(({ choices = [] }) => choices.map(({ index }) => index))).not.toContain(2);
    expect(text.match(/\[DONE\]/g)).toHaveLength(1);
  });

  it('is bounded, and does not run tools of the server more than once', async () => {
    const server = await newServer();
    const token = await server.issue({ ...GRANT, mcp: { 'mcp/a': { tools: { '*': {} } } } });
    for (const n of [0, 129, 1.5]) {
      expect((await ask(server, token, { n })).json()).toMatchObject({ error: { param: 'n' } });
    }
    const called = await ask(server, token, { n: 2, integrations: ['mcp/a'] });
    expect([called.status, called.json()]).toMatchObject([400, { error: { param: 'n' } }]);
    expect(server.engine.requests).toEqual([]);
  });
});
