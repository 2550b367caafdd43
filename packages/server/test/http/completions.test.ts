import { finish, interrupted, message, progress, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT = { actions: ['chat'], models: ['ibm/granite'] };
const says = (text: string): Turn => [progress(), message(text), finish()];
const ask = ({ app }: TestServer, token: string, body: object) =>
  send(app, {
    method: 'POST',
    path: '/v1/completions',
    token,
    body: { model: 'ibm/granite', prompt: 'Once', ...body },
  });

const chunksOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));

describe('POST /v1/completions', () => {
  it('continues a prompt as it is, without a template', async () => {
    const server = await newServer({ turns: [says(' upon a time')] });
    const answer = await ask(server, await server.issue(GRANT), {
      temperature: 0,
      stop: 'x',
      seed: 7,
      logit_bias: { 5: -100 },
    });
    expect(answer.json()).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      model: 'ibm/granite',
      choices: [{ index: 0, text: ' upon a time', finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
    const sampling = { temperature: 0, seed: 7, tokenBias: { 5: -100 } };
    expect(server.engine.requests).toMatchObject([
      { messages: [], prompt: { text: 'Once' }, tools: [], stop: ['x'], sampling, maxOutputTokens: 16 },
    ]);
  });

  it('has a choice for each copy of each prompt, and counts a prompt once', async () => {
    const server = await newServer({ turns: ['a', 'b', 'c', 'd'].map(says) });
    const token = await server.issue(GRANT);
    const answer = await ask(server, token, { prompt: ['one', 'two'], n: 2, echo: true, seed: 1 });
    expect(answer.json()).toMatchObject({
      choices: ['onea', 'oneb', 'twoc', 'twod'].map((text, index) => ({ index, text })),
      usage: { prompt_tokens: 10, completion_tokens: 8 },
    });
    expect(server.engine.requests.map(({ sampling }) => sampling.seed)).toEqual([1, 2, 1, 2]);
  });

  it('streams the choices one after the other, and the usage where it is asked for', async () => {
    const server = await newServer({ turns: ['a', 'b'].map(says) });
    const body = { prompt: ['one', 'two'], stream: true, stream_options: { include_usage: true }, echo: true };
    const { text } = await ask(server, await server.issue(GRANT), body);
    const choices = (chunksOf(text) as { choices: { index: number; text: string; finish_reason: string | null }[] }[])
      .flatMap((chunk) => chunk.choices)
      .map((choice) => [choice.index, choice.text, choice.finish_reason]);
    expect(choices).toEqual([
      ...[
        [0, 'one', null],
        [0, 'a', null],
        [0, '', 'stop'],
      ],
      ...[
        [1, 'two', null],
        [1, 'b', null],
        [1, '', 'stop'],
      ],
    ]);
    expect(chunksOf(text).at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 4 } });
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('ends a stream with an error when a later prompt is refused', async () => {
    const server = await newServer({ turns: [says('a')] });
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 10 } });
    const { text } = await ask(server, token, { prompt: ['one', 'two', 'three'], stream: true });
    expect(chunksOf(text).at(-1)).toMatchObject({ error: { code: 'tokens_per_day_exceeded' } });
    expect(server.engine.requests).toHaveLength(1);
  });

  it('passes on ids of tokens, and a gap', async () => {
    const server = await newServer({ turns: ['a', 'b', 'c'].map(says) });
    const token = await server.issue(GRANT);
    await ask(server, token, { prompt: [1, 2], max_tokens: -1 });
    await ask(server, token, { prompt: [[3], [4]].slice(0, 1), max_tokens: 5 });
    await ask(server, token, { suffix: 'end' });
    expect(server.engine.requests).toMatchObject([
      { prompt: { text: [1, 2] } },
      { prompt: { text: [3] }, maxOutputTokens: 5 },
      { prompt: { text: 'Once', suffix: 'end' } },
    ]);
    expect(server.engine.requests[0]?.maxOutputTokens).toBeUndefined();
  });

  it.each([
    [{ prompt: [] }, 'prompt'],
    [{ prompt: { text: 'a' } }, 'prompt'],
    [{ logprobs: 5 }, 'logprobs'],
    [{ logit_bias: { 1: 200 } }, 'logit_bias.1'],
    [{ n: 2, best_of: 3 }, 'best_of'],
    [{ n: 100, prompt: ['a', 'b'] }, 'n'],
    [{ prompt: [1], suffix: 'b' }, 'suffix'],
    [{ prompt: [1], echo: true }, 'echo'],
    [{ prompt: 'a'.repeat(40_000), echo: true, n: 128 }, 'echo'],
  ])('refuses %j by the name of %s', async (body, param) => {
    const server = await newServer();
    const answer = await ask(server, await server.issue(GRANT), body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param } }]);
    expect(server.engine.requests).toEqual([]);
  });

  it('refuses a prompt that cannot fit before the model reads it', async () => {
    const server = await newServer();
    const token = await server.issue(GRANT);
    for (const prompt of ['a'.repeat(50_000), Array.from({ length: 2000 }, () => 1)]) {
      const answer = await ask(server, token, { prompt });
      expect([answer.status, answer.json()]).toMatchObject([400, { error: { code: 'context_length_exceeded' } }]);
    }
    expect(server.engine.requests).toEqual([]);
  });

  it('is denied to a token for another model, and cut where its token may write no more', async () => {
    const server = await newServer({ turns: [[progress(), message('a'), interrupted()]] });
    const stranger = await server.issue({ actions: ['chat'], models: ['ibm/other'] });
    expect((await ask(server, stranger, {})).status).toBe(403);
    const brief = await server.issue({ ...GRANT, limits: { maxOutputTokens: 3 } });
    await ask(server, brief, { max_tokens: 100 });
    expect(server.engine.requests).toMatchObject([{ maxOutputTokens: 3 }]);
  });

  it.each([
    ['copies', { n: 3 }],
    ['prompts', { prompt: ['a', 'b', 'c'] }],
  ])('divides what its token may write in one request among its answers: %s', async (_, body) => {
    const server = await newServer({ turns: ['a', 'b', 'c'].map(says) });
    const token = await server.issue({ ...GRANT, limits: { maxOutputTokens: 10 } });
    expect((await ask(server, token, { max_tokens: 100, ...body })).status).toBe(200);
    expect(server.engine.requests.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([3, 3, 3]);
  });

  it('is refused before anything is written where its token may write less than its answers need', async () => {
    const server = await newServer();
    const token = await server.issue({ ...GRANT, limits: { maxOutputTokens: 2 } });
    const answer = await ask(server, token, { n: 3, stream: true });
    expect([answer.status, answer.json()]).toMatchObject([403, { error: { param: 'n' } }]);
    expect(server.engine.requests).toEqual([]);
  });
});
