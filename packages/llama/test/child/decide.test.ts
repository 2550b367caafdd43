import type { DecideRequest } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../src/child/decide.ts';
import { buildDecision } from '../../src/child/decision-prompt.ts';
import { openModelFile } from '../../src/child/model-file.ts';
import { type NativeModel, prepareNativeModel } from '../../src/child/native-model.ts';
import { NANO, NEVER } from '../nano.ts';

const OPTIONS = {
  modelKey: 'latchkey/nano',
  path: NANO,
  contextLength: 1024,
  parallel: 2,
  threads: 1,
  gpu: 'off',
} as const;

let native: NativeModel;
beforeAll(async () => {
  native = await prepareNativeModel(await openModelFile(OPTIONS, () => {}), OPTIONS);
}, 60_000);
afterAll(() => native.dispose());

const asked = (texts: readonly string[]): DecideRequest => ({
  state: 'The red fox sees the order 4711 and waits.',
  questions: [{ type: 'choice', instructions: 'What is it?', options: texts.map((text) => ({ text })) }],
  cacheScope: 'test',
  share: { key: 'test', weight: 1 },
});

/** The probability of one answer: all of it is evaluated by itself, and the library's own probabilities multiplied. */
async function probabilityOf(prompt: readonly Token[], answer: readonly Token[]): Promise<number> {
  const { slot } = await native.pool.take([...prompt], `alone ${answer.join()}`);
  await slot.sequence.clearHistory();
  const before = prompt.slice(0, -1);
  // In the same pieces: what is computed together changes the last digits.
  for (let at = 0; at < before.length; at += 64) {
    await slot.sequence.evaluateWithoutGeneratingNewTokens([...before.slice(at, at + 64)]);
  }
  const all = { generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } };
  const outputs = await slot.sequence.controlledEvaluate(
    [...prompt.slice(-1), ...answer].map((token): [Token, typeof all] => [token, all]),
  );
  native.pool.give(slot);
  const places = outputs.map((output) => output?.next.probabilities ?? new Map());
  const ends = native.turnEnds.reduce((sum, token) => sum + (places.at(-1)?.get(token) ?? 0), 0);
  return answer.reduce((product, token, index) => product * (places[index]?.get(token) ?? 0), ends);
}

describe('the shares of answers', () => {
  it.each([
    [['cat', 'cat and dog', 'cats']],
    [['fox', 'foxes', 'a fox', 'a red fox']],
    [['4711', '471', '4712', '47']],
  ])(
    '%j are those that each has when it is evaluated alone',
    async (texts) => {
      const [{ tokens } = { tokens: [] }] = (await buildDecision(native, asked(texts), NEVER))?.questions ?? [];
      const answers = texts.map((text) => native.model.tokenize(text, true, 'trimLeadingSpace'));
      const alone: number[] = [];
      for (const answer of answers) alone.push(await probabilityOf(tokens, answer));
      const sum = alone.reduce((all, probability) => all + probability, 0);
      const { probabilities } = await decide(native, asked(texts), NEVER);
      for (const [index, share] of (probabilities[0] ?? []).entries()) {
        expect(Math.abs(share - (alone[index] ?? 0) / sum)).toBeLessThan(1e-4);
      }
    },
    60_000,
  );
});
