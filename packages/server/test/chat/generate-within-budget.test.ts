import { expect, it } from 'vitest';
import { generateWithinBudget, type ReserveTokens } from '../../src/chat/generate-within-budget.ts';
import type { ReloadingLease } from '../../src/chat/reloading-lease.ts';
import { ServerError } from '../../src/contracts/server-error.ts';

const tooLong = {
  contextLength: 100,
  // biome-ignore lint/correctness/useYield: an engine refuses before its first event
  async *generate() {
    throw new ServerError('CONTEXT_EXCEEDED', 'The conversation has 50 tokens.');
  },
} as unknown as ReloadingLease;

it('a conversation that would fit what others have given back meanwhile is told to try again', async () => {
  const settled: number[] = [];
  const reserve: ReserveTokens = async (wanted, least) => ({
    granted: least === 1 ? 10 : wanted,
    settle: async (used) => void settled.push(used),
  });
  const request = { messages: [], tools: [], sampling: {} } as never;
  const round = generateWithinBudget(tooLong, reserve, request, new AbortController().signal, () => {});
  await expect(round.next()).rejects.toMatchObject({ code: 'OVERLOADED' });
  expect(settled).toEqual([0, 0]);
});
