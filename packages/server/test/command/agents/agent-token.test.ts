import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentToken } from '../../../src/command/agents/agent-token.ts';
import type { AgentPlan } from '../../../src/command/agents/prepare-agent.ts';

beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-11-01T00:00:00Z') }));
afterEach(() => vi.useRealTimers());

const MINUTE = 60_000;
const at = (minutes: number): string => new Date(Date.parse('2026-11-01T00:00:00Z') + minutes * MINUTE).toISOString();

/** What is asked of the administration of tokens, which answers or does not. */
async function makeToken(expiresAt: string, answers: { revoke?: Promise<never>; edit?: () => Promise<never> } = {}) {
  const asked: unknown[] = [];
  const note = <T>(answer: T, ...act: unknown[]): T => {
    asked.push(act);
    return answer;
  };
  const made = { id: 'a', token: 'sk-lm-a' };
  const tokens = {
    create: async (input: { expiresAt?: string }) => note(made, 'create', input.expiresAt),
    edit: (_: string, { expiresAt }: { expiresAt?: string | null }) =>
      note(answers.edit?.() ?? Promise.resolve(made), 'edit', expiresAt),
    revoke: () => note(answers.revoke ?? Promise.resolve(made), 'revoke'),
  };
  const plan = { agent: { name: 'x', title: 'X' }, grant: {}, expiresAt } as unknown as AgentPlan;
  const token = await AgentToken.make(plan, (act) => act(tokens as unknown as Parameters<typeof act>[0]));
  return { token, asked };
}

describe('the token of an agent', () => {
  it('works for half an hour, and is renewed while the agent runs', async () => {
    const { token, asked } = await makeToken(at(480));
    await vi.advanceTimersByTimeAsync(21 * MINUTE);
    expect(asked).toEqual([
      ['create', at(30)],
      ['edit', at(40)],
      ['edit', at(50)],
    ]);
    await token.end();
  });

  it('is never renewed beyond its last end', async () => {
    const { token, asked } = await makeToken(at(35));
    await vi.advanceTimersByTimeAsync(11 * MINUTE);
    expect(asked).toEqual([
      ['create', at(30)],
      ['edit', at(35)],
    ]);
    await token.end();
  });

  it('is renewed after a server that was away', async () => {
    const { token, asked } = await makeToken(at(480), { edit: () => Promise.reject(new Error('away')) });
    await vi.advanceTimersByTimeAsync(21 * MINUTE);
    expect(asked).toHaveLength(3);
    await token.end();
  });

  it('is revoked once, and renewed no more', async () => {
    const { token, asked } = await makeToken(at(480));
    await Promise.all([token.end(), token.end()]);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(asked).toEqual([['create', at(30)], ['revoke']]);
  });

  it('keeps no command waiting for a server that does not answer', async () => {
    const { token } = await makeToken(at(480), { revoke: new Promise<never>(() => {}) });
    const ended = expect(token.end()).rejects.toThrow('did not answer in time');
    await vi.advanceTimersByTimeAsync(MINUTE);
    await ended;
  });
});
