import { expect, it } from 'vitest';
import { readHistory } from '../../../src/dialects/lmstudio-sdk/read-history.ts';
import type { SdkMessage } from '../../../src/dialects/lmstudio-sdk/schema.ts';

const calls = (...ids: readonly string[]): SdkMessage => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'toolCallRequest', toolCallRequest: { id, name: `tool of ${id}` } })),
});
const results = (count: number): SdkMessage => ({
  role: 'tool',
  content: Array.from({ length: count }, () => ({ type: 'toolCallResult', content: 'done' })),
});

it('a result without an id belongs to the last call', () => {
  expect(readHistory([calls('a', 'b'), results(1), calls('c'), results(1)])).toMatchObject([
    { role: 'assistant' },
    { role: 'tool', toolCallId: 'b', name: 'tool of b' },
    { role: 'assistant' },
    { role: 'tool', toolCallId: 'c', name: 'tool of c' },
  ]);
});

it('many results after many calls are read in a time that grows with their number only', () => {
  const many = 30_000;
  const history = [calls(...Array.from({ length: many }, (_, index) => `call ${index}`)), results(many)];
  const before = performance.now();
  expect(readHistory(history)).toHaveLength(many + 1);
  expect(performance.now() - before).toBeLessThan(2000);
});
