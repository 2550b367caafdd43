import { describe, expect, it } from 'vitest';
import type { Decider, Decisions } from '../src/decision.ts';
import type { Embedder, Embeddings } from '../src/embedding.ts';
import type { EngineEvent, GenerateRequest } from '../src/generation.ts';
import {
  answersInWords,
  countsLetters,
  countsMentions,
  countWords,
  type EngineSetup,
  engineContract,
  message,
  progress,
  ScriptedEngine,
  type Turn,
} from '../src/testing/index.ts';

const setUp = (changes: Partial<ScriptedEngine> = {}) => {
  return async (): Promise<EngineSetup> => {
    const standard = {
      otherwise: answersInWords,
      countPrompt: countWords,
      embedder: countsLetters,
      decider: countsMentions,
    };
    const engine = Object.assign(new ScriptedEngine(), standard, changes);
    return {
      engine,
      key: 'ibm/granite',
      embeddingKey: 'ibm/granite',
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  };
};

describe('the scripted engine', () => {
  it.each(engineContract(setUp()))('$name', ({ run }) => run());
});

/** An engine that does not do one thing. */
const changed = (
  change: (event: EngineEvent) => readonly EngineEvent[],
  request: Partial<GenerateRequest> = {},
): Turn =>
  async function* (asked, signal) {
    for await (const event of answersInWords({ ...asked, ...request }, signal)) yield* change(event);
  };

/** An embedder that answers with other vectors. */
const embedderWith = (change: (embeddings: Embeddings) => readonly Float32Array[]): Embedder => ({
  ...countsLetters,
  embed: async (request, signal) => {
    const embeddings = await countsLetters.embed(request, signal);
    return { ...embeddings, vectors: change(embeddings) };
  },
});

/** A decider that answers with something else. */
const deciderWith = (change: (decisions: Decisions) => Partial<Decisions>): Decider => ({
  ...countsMentions,
  decide: async (request, signal) => {
    const decisions = await countsMentions.decide(request, signal);
    return { ...decisions, ...change(decisions) };
  },
});

let asked = 0;
const wavering = deciderWith(({ probabilities }) => {
  asked += 1;
  return { probabilities: asked % 2 === 0 ? probabilities : probabilities.map((shares) => shares.toReversed()) };
});

describe('the contract', () => {
  it.each<[string, Partial<ScriptedEngine>, string]>([
    ['never finishes', { otherwise: [progress(), message('Hi')] }, 'finishes once'],
    [
      'finishes twice',
      { otherwise: changed((event) => (event.type === 'finish' ? [event, event] : [event])) },
      'finishes once',
    ],
    [
      'speaks before it has the prompt',
      { otherwise: changed((event) => (event.type === 'prompt.progress' ? [] : [event])) },
      'takes the prompt',
    ],
    ['has no limit', { otherwise: changed((event) => [event], { maxOutputTokens: 9 }) }, 'as long as it may be'],
    ['knows no stop strings', { otherwise: changed((event) => [event], { stop: [] }) }, 'stop string'],
    ['counts every prompt alike', { countPrompt: () => 5 }, 'counts a prompt'],
    ['has no model', { keys: ['ibm/other'] }, 'lists its models'],
    [
      'shows what others have cached',
      {
        otherwise: changed((event) =>
          event.type === 'finish' ? [{ ...event, usage: { ...event.usage, cachedTokens: 1 } }] : [event],
        ),
      },
      'between scopes',
    ],
    [
      'makes long vectors',
      { embedder: embedderWith(({ vectors }) => vectors.map((vector) => vector.map((value) => value * 2))) },
      'of length 1',
    ],
    [
      'gives shares that are none',
      {
        decider: deciderWith(({ probabilities }) => ({ probabilities: probabilities.map((all) => all.map(() => 1)) })),
      },
      'its share',
    ],
    ['gives other shares each time', { decider: wavering }, 'its share'],
    [
      'counts the state for each question',
      { decider: deciderWith((all) => ({ promptTokens: all.promptTokens * all.probabilities.length })) },
      'reads the state once',
    ],
    [
      'cuts a long state off',
      {
        decider: {
          ...countsMentions,
          decide: (request, signal) =>
            countsMentions.decide({ ...request, state: request.state.slice(0, 1000) }, signal),
        },
      },
      'cuts nothing off',
    ],
    ['mixes up its inputs', { embedder: embedderWith(({ vectors }) => vectors.toReversed().slice(1)) }, 'of length 1'],
  ])('finds an engine that %s', async (_, changes, name) => {
    const broken: string[] = [];
    for (const { name, run } of engineContract(setUp(changes))) await run().catch(() => broken.push(name));
    expect(
      broken.some((one) => one.includes(name)),
      broken.join('; '),
    ).toBe(true);
  });
});
