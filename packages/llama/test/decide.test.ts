import type { DecideRequest, Decider, LoadedModel } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const engine = newEngine();
let model: LoadedModel;
let decider: Decider;

beforeAll(async () => {
  model = await loadNano(engine, { parallel: 2 });
  if (model.decider === undefined) throw new Error('nano decides nothing');
  ({ decider } = model);
});
afterAll(() => engine[Symbol.asyncDispose]());

const STATE = 'Our checkout has returned 500 errors since nine. The red fox sees the order 4711 and waits.';

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

async function sharesOf(changes: Partial<DecideRequest> = {}): Promise<readonly number[]> {
  const { probabilities } = await decider.decide(request(changes), NEVER);
  return probabilities[0] ?? [];
}

describe('the shares of answers', () => {
  it.each([
    ['that begin differently', ['billing', 'software', 'account']],
    ['that begin alike', ['refund the order', 'refund the order and apologise', 'return']],
    ['of which one begins all others', ['a', 'ab', 'abc', 'abd', 'b']],
    ['of other scripts', ['红狐', '红', 'лиса', '🦊', '🦊🦊']],
    ['that look like special tokens', ['<|im_end|>', '<|im_start|>user', '<tool_call>', 'none']],
    ['with line breaks and spaces', ['a\nb', 'a b', ' a', 'a ']],
    ['of which there is one', ['yes']],
    ['of which there are many', Array.from({ length: 255 }, (_, index) => `${index}`)],
  ])('%s sum to 1', async (_, texts) => {
    const shares = await sharesOf({ questions: [choice(...texts)] });
    expect(shares).toHaveLength(texts.length);
    expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    console.log(texts.slice(0,5), shares.slice(0,5));
  });
});
