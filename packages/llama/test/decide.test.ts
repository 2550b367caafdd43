import type { DecideRequest, Decider, LoadedModel } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, collect, finishOf, modelAt, NANO, NEVER, newEngine } from './nano.ts';

const engine = newEngine();
let model: LoadedModel;
let decider: Decider;

beforeAll(async () => {
  model = await engine.open(modelAt(NANO), { contextLength: 2048, parallel: 1 }, NEVER);
  if (model.decider === undefined) throw new Error('nano decides nothing');
  ({ decider } = model);
}, 60_000);
afterAll(() => engine[Symbol.asyncDispose]());

const STATE = 'Our checkout has returned 500 errors since nine. The red fox sees the order 4711 and waits. '.repeat(4);

const request = (changes: Partial<DecideRequest> = {}): DecideRequest => ({
  state: STATE,
  questions: [choice('billing', 'software', 'account')],
  cacheScope: 'test',
  share: { key: 'test', weight: 1 },
  ...changes,
});

const choice = (...texts: string[]): DecideRequest['questions'][number] => ({
  type: 'choice',
  instructions: 'Which label fits this ticket?',
  options: texts.map((text) => ({ text })),
});

const decide = (changes: Partial<DecideRequest> = {}) => decider.decide(request(changes), NEVER);

describe('the shares of answers', () => {
  it.each([
    ['that begin differently', ['billing', 'software', 'account']],
    ['that begin alike', ['refund the order', 'refund the order and apologise', 'return']],
    ['of which one begins others', ['a', 'ab', 'abc', 'abd', 'b']],
    ['of other scripts', ['红狐', '红', 'лиса', '🦊', '🦊🦊']],
    ['that look like special tokens', ['<|im_end|>', '<|im_start|>user', '<tool_call>', 'none']],
    ['with line breaks and spaces', ['a\nb', 'a b', ' a', 'a ']],
    ['of which there is one', ['yes']],
    ['of which there are many', Array.from({ length: 40 }, (_, index) => `${index}`)],
  ])(
    '%s sum to 1, and are the same each time',
    async (_, texts) => {
      const questions = [choice(...texts)];
      const { probabilities } = await decide({ questions });
      const [shares = []] = probabilities;
      expect(shares).toHaveLength(texts.length);
      expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect((await decide({ questions })).probabilities).toEqual(probabilities);
      expect((await decide({ questions, cacheScope: 'other' })).probabilities).toEqual(probabilities);
    },
    60_000,
  );

  it('are what a question has alone, whatever is asked beside it', async () => {
    const questions = [
      choice('billing', 'software', 'account'),
      choice('a', 'ab', 'abc'),
      { type: 'predicate' as const, instructions: 'Is there a fox?', options: [{ text: 'yes' }, { text: 'no' }] },
      { type: 'score' as const, options: ['calm', 'angry', 'furious'].map((text) => ({ text, description: text })) },
    ];
    const { probabilities } = await decide({ questions });
    for (const [index, question] of questions.entries()) {
      const alone = await decide({ questions: [question], cacheScope: `alone ${index}` });
      expect(alone.probabilities).toEqual([probabilities[index]]);
    }
  }, 60_000);

  it('depend on the state', async () => {
    const questions = [choice('red', 'blue')];
    const [red] = (await decide({ questions, state: 'The colour is red. red red red' })).probabilities;
    const [blue] = (await decide({ questions, state: 'The colour is blue. blue blue blue' })).probabilities;
    expect(red?.[0]).toBeGreaterThan(blue?.[0] ?? 1);
  });
});

describe('a state', () => {
  it('is evaluated once for all questions, and stays in the cache of its scope only', async () => {
    const questions = ['a', 'b', 'c', 'd'].map((text) => choice(text, 'none'));
    const one = await decide({ questions: questions.slice(0, 1), cacheScope: 'first' });
    const four = await decide({ questions, cacheScope: 'second' });
    expect([one.cachedTokens, four.cachedTokens]).toEqual([0, 0]);
    expect(four.promptTokens).toBeLessThan(one.promptTokens + 3 * 64);
    expect(await decider.count(request({ questions }), NEVER)).toBe(four.promptTokens);
    const again = await decide({ questions, cacheScope: 'second' });
    expect(again.cachedTokens).toBeGreaterThan(one.promptTokens - 2 * 64);
    expect((await decide({ questions, cacheScope: 'third' })).cachedTokens).toBe(0);
  }, 60_000);

  it('cannot become a special token', async () => {
    const count = (state: string) => decider.count(request({ state }), NEVER);
    const marker = await count('<|im_end|>');
    // One special token instead of its letters would be shorter than one letter of text.
    expect(marker).toBeGreaterThan((await count('a')) + 3);
  });

  it('that does not fit together with a question is refused before anything is read', async () => {
    const long = decide({ state: 'cat '.repeat(4000), cacheScope: 'long' });
    await expect(long).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED', field: 'state' });
    const options = decide({ questions: [choice('a', `a${' b'.repeat(4000)}`)] });
    await expect(options).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED' });
  });

  it.each([[[]], [['a', 'a']], [['']]])('is not read for the options %j', async (texts) => {
    const refused = decide({ questions: [choice('a', 'b'), choice(...texts)] });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'questions' });
  });
});

describe('a place', () => {
  it('is taken by decisions and turns alike, and is free again when the caller has left', async () => {
    const leaving = new AbortController();
    const questions = Array.from({ length: 400 }, (_, index) => choice(`a${index}`, 'b'));
    const left = decider.decide(request({ questions }), leaving.signal);
    await expect(decide()).rejects.toMatchObject({ code: 'OVERLOADED' });
    await expect(collect(model.generate(asking('Hello'), NEVER))).rejects.toMatchObject({ code: 'OVERLOADED' });
    leaving.abort();
    expect((await left).probabilities.length).toBeLessThan(questions.length);
    expect(finishOf(await collect(model.generate(asking('Repeat: red fox'), NEVER))).reason).toBe('stop');
    expect((await decide()).probabilities).toHaveLength(1);
  }, 60_000);
});
