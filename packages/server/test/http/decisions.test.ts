import type { DecideRequest } from '@latchkey/engine';
import { countsLetters, countsMentions, describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT = { actions: ['chat'], models: ['ibm/granite'] };
const STATE = 'fox fox bear';

interface Deciding extends TestServer {
  /** What the engine was asked. */
  readonly asked: DecideRequest[];
}

async function decidingServer(): Promise<Deciding> {
  const server = await newServer();
  const asked: DecideRequest[] = [];
  server.engine.decider = {
    ...countsMentions,
    decide: (request, signal) => {
      asked.push(request);
      return countsMentions.decide(request, signal);
    },
  };
  return Object.assign(server, { asked });
}

const choose = (...values: unknown[]) => ({
  type: 'choice',
  instructions: 'Which?',
  choices: values.map((value) => ({ value })),
});

const BODIES: Readonly<Record<string, (changes?: object) => object>> = {
  '/v1/decisions': (changes) => ({
    model: 'ibm/granite',
    input: STATE,
    questions: [choose('fox', 'bear')],
    ...changes,
  }),
  '/v1/systemone': (changes) => ({
    model: 'ibm/granite',
    state: STATE,
    questions: { animal: { type: 'choice', instructions: 'Which?', criteria: { fox: null, bear: 'it growls' } } },
    ...changes,
  }),
};
const PATHS = Object.keys(BODIES);

const ask = ({ app }: TestServer, token: string, path: string, changes?: object) =>
  send(app, { method: 'POST', path, token, body: BODIES[path]?.(changes) });

describe('POST /v1/decisions', () => {
  it('answers the questions in their order, with typed values and the tokens that it took', async () => {
    const server = await decidingServer();
    const questions = [
      { type: 'predicate', name: 'true', instructions: 'Is it?' },
      { ...choose('fox', 'bear'), name: 'animal' },
      {
        type: 'score',
        instructions: [{ type: 'input_text', text: 'How?' }],
        levels: [{ label: 'fox' }, { label: 'bear' }],
      },
    ];
    const answer = await ask(server, await server.issue(GRANT), '/v1/decisions', { questions });
    expect(answer.json()).toEqual({
      model: 'ibm/granite',
      answers: [
        { type: 'predicate', name: 'true', probability: 0.5 },
        {
          type: 'choice',
          name: 'animal',
          choice: 'fox',
          confidence: expect.closeTo(0.2, 9),
          probabilities: [
            { value: 'fox', probability: 0.6 },
            { value: 'bear', probability: 0.4 },
          ],
        },
        {
          type: 'score',
          name: null,
          score: 0.4,
          confidence: expect.closeTo(0.2, 9),
          probabilities: [
            { value: 0, label: 'fox', probability: 0.6 },
            { value: 1, label: 'bear', probability: 0.4 },
          ],
        },
      ],
      usage: {
        input_tokens: 13,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 0,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 13,
      },
    });
  });

  it('tells a truth value from the text of it', async () => {
    const server = await decidingServer();
    const answer = await ask(server, await server.issue(GRANT), '/v1/decisions', {
      input: '"true"',
      questions: [choose('true', true, false)],
    });
    expect(server.asked[0]?.questions[0]?.options.map(({ text }) => text)).toEqual(['"true"', 'true', 'false']);
    expect((answer.json().answers as { choice: unknown }[])[0]?.choice).toBe('true');
  });

  it('reads a conversation with calls, results and JSON as a state', async () => {
    const server = await decidingServer();
    const input = [
      { role: 'developer', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hi' },
          { type: 'input_json', data: { a: [1] } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'Yes' },
          { type: 'refusal', refusal: 'No' },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"sky"}' },
      { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'blue' }] },
      { type: 'custom_tool_call', call_id: 'c2', name: 'run', input: 'ls' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'a.txt' },
    ];
    await ask(server, await server.issue(GRANT), '/v1/decisions', { input });
    expect(server.asked[0]?.state.split('\n').filter((line) => line !== '')).toEqual([
      ...['[developer]', 'Be kind.', '[user]', 'Hi', '{"a":[1]}', '[assistant]', 'Yes', 'No'],
      ...['[call c1 of look]', '{"at":"sky"}', '[result of call c1]', 'blue'],
      ...['[call c2 of run]', 'ls', '[result of call c2]', 'a.txt'],
    ]);
  });

  it.each<[object, string]>([
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ questions: [] }, 'questions'],
    [{ questions: Array.from({ length: 401 }, () => choose('a', 'b')) }, 'questions'],
    [{ questions: [choose('a')] }, 'questions[0].choices'],
    [{ questions: [choose('a', 'a')] }, 'questions[0].choices'],
    [{ questions: [choose(...Array.from({ length: 256 }, (_, index) => `${index}`))] }, 'questions[0].choices'],
    [{ questions: [choose('a', 1)] }, 'questions[0].choices[1].value'],
    [{ questions: [choose('a', '')] }, 'questions[0].choices[1].value'],
    [{ questions: [{ type: 'noul', instructions: 'a' }] }, 'questions[0].type'],
    [{ questions: [{ type: 'predicate' }] }, 'questions[0].instructions'],
    [{ questions: [{ type: 'score', instructions: 'a', levels: [{ label: 'a' }] }] }, 'questions[0].levels'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] }, 'input[0].content[0]'],
    [{ stream: true }, 'stream'],
  ])('refuses %j by the name of %s', async (changes, param) => {
    const server = await decidingServer();
    const answer = await ask(server, await server.issue(GRANT), '/v1/decisions', changes);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { type: 'invalid_request_error', param } }]);
    expect(server.asked).toEqual([]);
  });
});

describe('POST /v1/systemone', () => {
  it('answers by the names of the questions', async () => {
    const server = await decidingServer();
    const questions = {
      'is it.': { type: 'noul', instructions: 'Is it?', criteria: { true: 'sure' } },
      team: { type: 'choice', criteria: { fox: null, bear: { says: 'grr' } } },
      怒: { type: 'score', instructions: ['How?'], criteria: ['calm', null, { very: 'angry' }] },
    };
    const answer = await ask(server, await server.issue(GRANT), '/v1/systemone', { questions });
    const even = expect.closeTo(1 / 3, 9);
    expect(answer.json()).toEqual({
      model: 'ibm/granite',
      answers: {
        'is it.': { type: 'noul', noul: 0.5 },
        team: {
          type: 'choice',
          choice: 'fox',
          probabilities: { fox: 0.6, bear: 0.4 },
          confidence: expect.closeTo(0.2, 9),
        },
        怒: {
          type: 'score',
          score: expect.closeTo(1, 9),
          legend: { 0: 'calm', 1: '1', 2: { very: 'angry' } },
          probabilities: { 0: even, 1: even, 2: even },
          confidence: 0,
        },
      },
      usage: { input_tokens: expect.any(Number), output_tokens: 0 },
    });
    expect(server.asked[0]?.questions).toEqual([
      { type: 'predicate', instructions: 'Is it?', options: [{ text: 'yes', description: 'sure' }, { text: 'no' }] },
      { type: 'choice', options: [{ text: 'fox' }, { text: 'bear', description: '{"says":"grr"}' }] },
      {
        type: 'score',
        instructions: '["How?"]',
        options: [{ text: '0', description: 'calm' }, { text: '1' }, { text: '2', description: '{"very":"angry"}' }],
      },
    ]);
  });

  it.each([
    [{ a: 1 }, '{"a":1}'],
    [['a', 2], '["a",2]'],
    ['a', 'a'],
  ])('takes the state %j', async (state, text) => {
    const server = await decidingServer();
    expect((await ask(server, await server.issue(GRANT), '/v1/systemone', { state })).status).toBe(200);
    expect(server.asked[0]?.state).toBe(text);
  });

  const named = (question: object) => ({ questions: { q: question } });
  it.each<[object, string]>([
    [{ state: 1 }, 'state'],
    [{ questions: {} }, 'questions'],
    [{ questions: [] }, 'questions'],
    [named({ type: 'boolean', instructions: 'a' }), 'questions.q.type'],
    [named({ type: 'noul' }), 'questions.q.instructions'],
    [named({ type: 'choice', criteria: {} }), 'questions.q.criteria'],
    [named({ type: 'score', criteria: { 0: 'a', 1: 'b' } }), 'questions.q.criteria'],
    [named({ type: 'score', criteria: ['a'] }), 'questions.q.criteria'],
    [{ images: ['aaaa'] }, 'images'],
    [{ stream: true }, 'stream'],
    [{ keep_alive: 'soon' }, 'keep_alive'],
  ])('refuses %j by the name of %s', async (changes, param) => {
    const server = await decidingServer();
    const answer = await ask(server, await server.issue(GRANT), '/v1/systemone', changes);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param } }]);
    expect(server.asked).toEqual([]);
  });

  it('says which keys have no effect', async () => {
    const server = await decidingServer();
    const answer = await ask(server, await server.issue(GRANT), '/v1/systemone', { x_nonce: 1 });
    expect([answer.status, answer.headers['latchkey-ignored']]).toEqual([200, 'x_nonce']);
  });
});

describe.each(PATHS)('decisions at %s', (path) => {
  it.each([
    ['another action', { actions: ['embeddings'], models: ['*'] }],
    ['another model', { actions: ['chat'], models: ['ibm/other'] }],
  ])('are denied to a token for %s', async (_, grant) => {
    const server = await decidingServer();
    expect((await ask(server, await server.issue(grant), path)).status).toBe(403);
    expect(server.engine.loads).toEqual([]);
  });

  it('take their tokens out of the budget, and are refused beyond it before the model reads them', async () => {
    const server = await decidingServer();
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 11 } });
    expect((await ask(server, token, path)).status).toBe(200);
    expect((await ask(server, token, path)).status).toBe(429);
    expect(server.asked).toHaveLength(1);
  });

  it('count as requests, and appear in the usage of their token', async () => {
    const server = await decidingServer();
    const grant = { ...GRANT, actions: ['chat', 'usage:read'], limits: { requestsPerMinute: 2 } };
    const token = await server.issue(grant);
    await ask(server, token, path);
    const usage = await send(server.app, { path: '/api/v1/usage', token });
    expect(usage.json().totals).toMatchObject({ requests: 1, inputTokens: 6, outputTokens: 0 });
    expect((await ask(server, token, path)).status).toBe(429);
  });

  it('are asked in the cache scope of their token, which differs from that of a token derived from it', async () => {
    const server = await decidingServer();
    await ask(server, await server.issue(GRANT), path);
    await ask(server, await server.issue(GRANT), path);
    const [one, other] = server.asked.map(({ cacheScope }) => cacheScope);
    expect(one).not.toBe(other);
  });

  it('are never cut: what does not fit is refused, and what cannot fit is not sent to the model', async () => {
    const server = await decidingServer();
    const token = await server.issue({ ...GRANT, limits: { tokensPerDay: 3000 } });
    const field = path === '/v1/decisions' ? 'input' : 'state';
    for (const [words, isSent] of [
      [1100, true],
      [12_000, false],
    ] as const) {
      server.asked.length = 0;
      const answer = await ask(server, token, path, { [field]: 'fox '.repeat(words) });
      expect([answer.status, answer.json()]).toMatchObject([
        400,
        { error: { code: 'context_length_exceeded', param: field } },
      ]);
      expect(server.asked).toHaveLength(isSent ? 1 : 0);
    }
    // Nothing was charged for them.
    expect((await ask(server, token, path, { [field]: 'fox '.repeat(900) })).status).toBe(200);
  });

  it('are refused by a model that makes embeddings, which is not loaded for it, and by one that gives none', async () => {
    const server = await decidingServer();
    server.engine.describe = () => describedModel({ type: 'embedding' });
    const token = await server.issue(GRANT);
    const refused = await ask(server, token, path);
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'model' } }]);
    expect(server.engine.loads).toEqual([]);
    server.engine.describe = () => describedModel();
    server.engine.decider = undefined;
    server.engine.embedder = countsLetters;
    const unable = await ask(server, token, path);
    expect([unable.status, unable.json()]).toMatchObject([400, { error: { param: 'model' } }]);
  });
});
