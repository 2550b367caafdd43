import type { Grant } from '@latchkey/auth-core/llm';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const tokenWith = async (narrowed: Partial<Grant>): Promise<string> =>
  (await createToken(server, 'decisions', { actions: ['chat'], models: [NANO], ...narrowed })).token;

const clientOf = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });

const INPUT = 'Our checkout has returned 500 errors since nine, and the payments of all customers fail. '.repeat(6);
const QUESTIONS: OpenAI.DecisionCreateParams['questions'] = [
  { type: 'predicate', name: 'urgent', instructions: 'It needs attention today.' },
  {
    type: 'choice',
    name: 'team',
    instructions: 'Which team handles this?',
    choices: [{ value: 'billing', description: 'payments' }, { value: 'billing and refunds' }, { value: true }],
  },
  { type: 'score', instructions: 'How bad is it?', levels: [{ label: 'minor' }, { label: 'major' }] },
];

describe('decisions', () => {
  verifies('openai.decisions', async () => {
    const client = clientOf(await tokenWith({}));
    const body = { model: NANO, input: INPUT, questions: QUESTIONS };
    const { answers, usage } = await client.decisions.create(body);
    const [urgent, team, bad] = answers;
    if (urgent?.type !== 'predicate' || team?.type !== 'choice' || bad?.type !== 'score') throw new Error('mixed up');
    expect([urgent.name, team.name, bad.name]).toEqual(['urgent', 'team', null]);
    expect(urgent.probability).toBeGreaterThan(0);
    expect(team.probabilities.map(({ value }) => value)).toEqual(['billing', 'billing and refunds', true]);
    const best = team.probabilities.toSorted((one, other) => other.probability - one.probability)[0];
    expect(team.choice).toBe(best?.value);
    for (const { probabilities } of [team, bad]) {
      expect(probabilities.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    }
    expect(bad.score).toBeCloseTo(bad.probabilities[1]?.probability ?? -1, 9);
    expect(usage).toMatchObject({ output_tokens: 0, input_tokens_details: { cached_tokens: 0 } });
    // The input is read once for all questions, and not again for the next request.
    const one = await client.decisions.create({ ...body, questions: QUESTIONS.slice(0, 1) });
    expect(usage.input_tokens).toBeLessThan(2 * one.usage.input_tokens);
    expect(one.usage.input_tokens_details.cached_tokens).toBeGreaterThan(one.usage.input_tokens / 2);
    expect(one.answers).toEqual(answers.slice(0, 1));
  });

  verifies('openai.decisions-permissions', async () => {
    const body = { model: NANO, input: INPUT, questions: QUESTIONS };
    const embedding = clientOf(await tokenWith({ actions: ['embeddings'] }));
    await expect(embedding.decisions.create(body)).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    const other = clientOf(await tokenWith({ models: ['ibm/*'] }));
    await expect(other.decisions.create(body)).rejects.toMatchObject({ status: 403, param: 'model' });
    const poor = clientOf(await tokenWith({ limits: { tokensPerDay: 20 } }));
    await expect(poor.decisions.create(body)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const long = clientOf(await tokenWith({}));
    const exceeded = { status: 400, code: 'context_length_exceeded', param: 'input' };
    await expect(long.decisions.create({ ...body, input: INPUT.repeat(100) })).rejects.toMatchObject(exceeded);
  });

  verifies('systemone.answers', async () => {
    const questions = {
      urgent: { type: 'noul', instructions: 'Does it need attention today?', criteria: { true: 'it costs money' } },
      team: { type: 'choice', instructions: 'Which team?', criteria: { billing: 'Payments', support: null } },
      anger: { type: 'score', instructions: 'How angry?', criteria: ['Calm', 'Frustrated', 'Very angry'] },
    };
    const response = await fetch(`${server.url}/v1/systemone`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenWith({})}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: NANO, state: { ticket: INPUT, age: 3 }, questions, keep_alive: '5m' }),
    });
    expect(response.status).toBe(200);
    const number = expect.any(Number);
    expect(await response.json()).toEqual({
      model: NANO,
      answers: {
        urgent: { type: 'noul', noul: number },
        team: {
          type: 'choice',
          choice: expect.stringMatching(/^(billing|support)$/),
          probabilities: { billing: number, support: number },
          confidence: number,
        },
        anger: {
          type: 'score',
          score: number,
          legend: { 0: 'Calm', 1: 'Frustrated', 2: 'Very angry' },
          probabilities: { 0: number, 1: number, 2: number },
          confidence: number,
        },
      },
      usage: { input_tokens: number, output_tokens: 0 },
    });
  });
});
