import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/contracts/webhook-event.ts';
import { noticeExpiring } from '../../src/webhooks/watch-tokens.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');

describe('a token that expires', () => {
  it('is noticed a week before its end, in the last tenth of a shorter life, and not after its end', async () => {
    const auth = createAuth({
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey: new Uint8Array(32),
      clock: () => new Date(START),
    });
    const issue = (name: string, days: number) =>
      auth.issue(
        { name, grant: { actions: ['chat'] }, expiresAt: new Date(START + days * DAY).toISOString() },
        auth.operator(),
      );
    await issue('long', 365);
    await issue('short', 10);
    const revoked = await issue('revoked', 365);
    await auth.revoke(revoked.record.id, auth.operator());
    await auth.issue({ name: 'endless', grant: { actions: ['chat'] } }, auth.operator());
    const noticedAt = async (days: number): Promise<unknown[]> => {
      const events: WebhookEvent[] = [];
      await noticeExpiring(auth, (event) => void events.push(event), new Date(START + days * DAY));
      return events.map(({ data }) => (data.token as { name: string }).name);
    };
    expect(await noticedAt(8)).toEqual([]);
    expect(await noticedAt(9.1)).toEqual(['short']);
    expect(await noticedAt(357)).toEqual([]);
    expect(await noticedAt(359)).toEqual(['long']);
    expect(await noticedAt(366)).toEqual([]);
  });
});
