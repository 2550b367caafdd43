import type { DecideRequest, Decider } from '../decision.ts';
import type { LoadedModel } from '../inference-engine.ts';
import { type Check, demand, demandFails, demandRejects, type EngineSetup, NEVER, open } from './contract-demands.ts';

/** What every engine that answers questions with probabilities must do. */
export const decisionCases: Readonly<Record<string, Check>> = {
  'has a decider exactly where it says so': async (setup) => {
    await using model = await open(setup);
    demand(
      (model.capabilities.decisions ?? false) === (model.decider !== undefined),
      'decisions: true means a decider',
    );
  },

  'gives each option of each question its share, the same each time': async (setup) => {
    await using model = await openDeciding(setup);
    if (model === undefined) return;
    const first = await deciderOf(model).decide(asked(), NEVER);
    const { probabilities } = first;
    demand(
      probabilities.length === QUESTIONS.length,
      `${QUESTIONS.length} questions have ${probabilities.length} answers`,
    );
    for (const [index, shares] of probabilities.entries()) {
      demand(shares.length === QUESTIONS[index]?.options.length, 'each option has a share');
      demand(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6, 'the shares of a question sum to 1');
      demand(
        shares.every((share) => share >= 0 && share <= 1),
        'a share is between 0 and 1',
      );
    }
    const again = await deciderOf(model).decide(asked(), NEVER);
    demand(areNear(again.probabilities, probabilities), 'asked again, it gives the same shares');
  },

  'answers a question as if it were the only one': async (setup) => {
    await using model = await openDeciding(setup);
    if (model === undefined) return;
    const all = await deciderOf(model).decide(asked(), NEVER);
    for (const [index, question] of QUESTIONS.entries()) {
      const { probabilities } = await deciderOf(model).decide(asked({ questions: [question] }), NEVER);
      demand(areNear(probabilities, all.probabilities.slice(index, index + 1)), 'other questions change nothing');
    }
  },

  'reads the state once, and counts what it has read': async (setup) => {
    await using model = await openDeciding(setup);
    if (model === undefined) return;
    const state = 'the cat sits on the mat and looks at the rain '.repeat(8);
    const [one, all] = [asked({ state, questions: QUESTIONS.slice(0, 1) }), asked({ state })];
    const counted = await deciderOf(model).count(all, NEVER);
    const { promptTokens: ofOne } = await deciderOf(model).decide(one, NEVER);
    const { promptTokens, cachedTokens } = await deciderOf(model).decide(all, NEVER);
    demand(promptTokens > ofOne, 'more questions have more tokens');
    demand(promptTokens < ofOne * QUESTIONS.length, `the state is counted once, not in ${promptTokens} tokens`);
    demand(cachedTokens <= promptTokens, 'no more is found in the cache than there is');
    const isExact = model.capabilities.tokenCounting === 'exact';
    demand(isExact ? counted === promptTokens : counted > 0, `${counted} are counted, ${promptTokens} are read`);
    if (model.capabilities.cacheIsolation === 'none') return;
    const other = await deciderOf(model).decide({ ...all, cacheScope: 'another' }, NEVER);
    demand(other.cachedTokens === 0, `${other.cachedTokens} tokens of another scope are found`);
  },

  'refuses a state that does not fit, and cuts nothing off': async (setup) => {
    await using model = await openDeciding(setup);
    if (model === undefined) return;
    const long = asked({ state: 'cat '.repeat(model.contextLength * 2) });
    await demandFails(deciderOf(model).decide(long, NEVER), 'CONTEXT_EXCEEDED');
    await deciderOf(model).decide(asked(), NEVER);
  },

  'decides nothing for a caller that has left': async (setup) => {
    await using model = await openDeciding(setup);
    if (model === undefined) return;
    const left = new Error('the caller has left');
    const { probabilities, promptTokens } = await deciderOf(model).decide(asked(), AbortSignal.abort(left));
    demand(probabilities.length === 0 && promptTokens === 0, 'nothing is read');
    const counting = deciderOf(model).count(asked(), AbortSignal.abort(left));
    await demandRejects(counting, (error) => error === left, "the signal's reason");
  },
};

const QUESTIONS: DecideRequest['questions'] = [
  { type: 'predicate', instructions: 'Is there an animal?', options: [{ text: 'yes' }, { text: 'no' }] },
  {
    type: 'choice',
    instructions: 'Which animal is it?',
    options: [{ text: 'cat', description: 'it says meow' }, { text: 'dog' }, { text: 'cat and dog' }],
  },
  { type: 'score', instructions: 'How wet is it?', options: [{ text: '0' }, { text: '1' }, { text: '2' }] },
];

const asked = (changes: Partial<DecideRequest> = {}): DecideRequest => ({
  state: 'the cat sits on the mat',
  questions: QUESTIONS,
  cacheScope: 'contract',
  share: { key: 'contract', weight: 1 },
  ...changes,
});

/** Undefined: the engine decides nothing. */
async function openDeciding(setup: EngineSetup): Promise<LoadedModel | undefined> {
  const model = await open(setup);
  if (model.decider !== undefined) return model;
  await model[Symbol.asyncDispose]();
  return undefined;
}

function deciderOf({ decider }: LoadedModel): Decider {
  if (decider === undefined) throw new Error('broken contract: a model that decides has a decider');
  return decider;
}

const areNear = (one: readonly (readonly number[])[], other: readonly (readonly number[])[]): boolean =>
  one.length === other.length &&
  one.every((shares, index) =>
    shares.every((share, place) => Math.abs(share - (other[index]?.[place] ?? Number.NaN)) < 1e-3),
  );
