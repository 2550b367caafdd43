import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/state/database.ts';
import { storesOf } from '../../src/state/stores.ts';
import type { DeliveryStore } from '../../src/webhooks/kysely-delivery-store.ts';
import { openWebhookQueue, type SendMessage } from '../../src/webhooks/webhook-queue.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const secret = Buffer.alloc(32, 5);
const HOUR = 3_600_000;
const event = { type: 'approval.waiting' as const, key: 'call-1', owner: 'ada', data: { tool: 'echo' } };

async function openStore(): Promise<DeliveryStore> {
  const opened = new AsyncDisposableStack();
  onTestFinished(() => opened.disposeAsync());
  return storesOf(await openDatabase(join(temporaryFolder(), 'test.db'), opened)).deliveries;
}

type Sent = Parameters<SendMessage>[1] & { readonly url: string };

async function newQueue(answers: (number | Error)[], store?: DeliveryStore) {
  const sent: Sent[] = [];
  const state = { now: Date.parse('2026-01-01T00:00:00Z') };
  const queue = openWebhookQueue({
    endpoints: [{ name: 'on-call', url: 'https://hooks.example.com/', secret, events: ['approval.waiting'] }],
    store: store ?? (await openStore()),
    send: async (url, message) => {
      sent.push({ url, ...message });
      const answer = answers.shift() ?? 200;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    clock: () => new Date(state.now),
    logger: pino({ level: 'silent' }),
    random: () => 0,
  });
  onTestFinished(() => queue[Symbol.asyncDispose]());
  const pass = async (milliseconds: number): Promise<number> => {
    state.now += milliseconds;
    await queue.sendDue();
    return sent.length;
  };
  const told = async (): Promise<void> => {
    queue.notify(event);
    await expect.poll(() => sent.length).toBeGreaterThan(0);
    await queue.sendDue();
  };
  return { queue, sent, pass, told };
}

describe('a webhook', () => {
  it('gets a message that is signed as Standard Webhooks', async () => {
    const { sent, told } = await newQueue([]);
    await told();
    const [{ url, body, headers } = { url: '', body: '', headers: {} as Record<string, string> }] = sent;
    expect(url).toBe('https://hooks.example.com/');
    expect(JSON.parse(body)).toEqual({
      type: 'approval.waiting',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { tool: 'echo' },
    });
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
    expect(headers['webhook-timestamp']).toBe('1767225600');
  });

  it('gets a message once, however often and by whichever server the event is noticed', async () => {
    const store = await openStore();
    const [one, two] = [await newQueue([], store), await newQueue([], store)];
    await one.told();
    two.queue.notify(event);
    one.queue.notify(event);
    await one.pass(HOUR);
    await two.pass(HOUR);
    expect([one.sent.length, two.sent.length]).toEqual([1, 0]);
  });

  it('gets it again after growing pauses until it takes it, with the same id', async () => {
    const { sent, pass, told } = await newQueue([500, new TypeError('the server could not be reached'), 302]);
    await told();
    expect(await pass(4999)).toBe(1);
    expect(await pass(1)).toBe(2);
    expect(await pass(299_999)).toBe(2);
    expect(await pass(1)).toBe(3);
    expect(await pass(HOUR / 2)).toBe(4);
    expect(await pass(100 * HOUR)).toBe(4);
    expect(new Set(sent.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('gets what was not sent before a restart', async () => {
    const store = await openStore();
    const first = await newQueue([503], store);
    await first.told();
    await first.queue[Symbol.asyncDispose]();
    const second = await newQueue([], store);
    expect(await second.pass(60_000)).toBe(1);
  });

  it('is given up after the last pause, and at once when it is gone', async () => {
    const refusing = await newQueue(Array.from({ length: 30 }, () => 500));
    await refusing.told();
    for (let hour = 0; hour < 200; hour++) await refusing.pass(HOUR);
    expect(refusing.sent).toHaveLength(10);
    const gone = await newQueue([410]);
    await gone.told();
    expect(await gone.pass(100 * HOUR)).toBe(1);
  });

  it('gets no event that it did not ask for', async () => {
    const { queue, pass } = await newQueue([]);
    queue.notify({ ...event, type: 'token.expiring' });
    expect(await pass(HOUR)).toBe(0);
  });
});
