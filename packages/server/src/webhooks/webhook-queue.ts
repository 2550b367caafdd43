import { createHash } from 'node:crypto';
import type { WebhookEndpoint } from '../config/webhooks.ts';
import type { Notify, WebhookEvent } from '../contracts/webhook-event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Delivery, DeliveryStore, NewDelivery } from './kysely-delivery-store.ts';
import { signedHeaders } from './sign.ts';

/** Sends a message; resolves with the status of the answer. */
export type SendMessage = (
  url: string,
  message: { readonly body: string; readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<number>;

export interface WebhookQueueOptions {
  readonly endpoints: readonly WebhookEndpoint[];
  readonly store: DeliveryStore;
  readonly send: SendMessage;
  readonly clock: () => Date;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** The messages that are on their way to webhooks. */
export interface WebhookQueue extends AsyncDisposable {
  /** Stores an event for each endpoint that wants it; it is sent in the background. */
  readonly notify: Notify;
  /** Sends what is due now; also runs by itself every second. */
  sendDue(): Promise<void>;
}

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];
/** The pauses before each further attempt, as Standard Webhooks recommends; then a message is given up. */
const PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
const ANSWER_MILLISECONDS = 15 * SECOND;
/** When another server may send a message that this one has taken. */
const TAKEN_MILLISECONDS = 60 * SECOND;
const MOST_AT_ONCE = 16;
/** The status by which an endpoint says that it wants no more messages. */
const GONE = 410;

/** Opens the queue. Messages that were not sent before a restart are sent after it. */
export function openWebhookQueue(options: WebhookQueueOptions): WebhookQueue {
  const { endpoints, store, send, clock, logger, random = Math.random } = options;
  const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const stopping = new AbortController();
  const storing = new Set<Promise<void>>();
  let sending: Promise<void> | undefined;

  const after = (milliseconds: number): string => new Date(clock().getTime() + milliseconds).toISOString();

  function notify(event: WebhookEvent): void {
    const wanted = endpoints.filter(({ events }) => events.includes(event.type));
    if (wanted.length === 0) return;
    const stored = store
      .add(wanted.map((endpoint) => toDelivery(endpoint, event, after(0))))
      .then(() => void sendDue())
      .catch((error: unknown) =>
        logger.error({ err: error, event: event.type }, 'a message to a webhook could not be stored'),
      );
    storing.add(stored);
    void stored.finally(() => storing.delete(stored));
  }

  async function sendOne(delivery: Delivery): Promise<void> {
    const endpoint = byName.get(delivery.endpoint);
    if (endpoint === undefined || !(await store.take(delivery, after(TAKEN_MILLISECONDS)))) return;
    const { id, body } = delivery;
    const headers = { 'content-type': 'application/json', ...signedHeaders(id, body, endpoint.secret, clock()) };
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_MILLISECONDS)]);
    const status = await send(endpoint.url, { body, headers, signal }).catch((error: unknown) => error);
    if (typeof status === 'number' && status >= 200 && status < 300) return store.end(id, 'sent');
    const failure = typeof status === 'number' ? { status } : { err: status };
    const attempts = delivery.attempts + 1;
    const pause = PAUSES[attempts - 1];
    if (pause === undefined || status === GONE) {
      logger.error({ webhook: endpoint.name, message: id, ...failure }, 'a message to a webhook is given up');
      return store.end(id, 'given-up');
    }
    logger.warn(
      { webhook: endpoint.name, message: id, attempts, ...failure },
      'a message to a webhook is tried again later',
    );
    // Up to a tenth more, so that messages that failed together are not sent together.
    await store.retry(id, attempts, after(pause * (1 + random() / 10)));
  }

  async function sendAll(): Promise<void> {
    while (!stopping.signal.aborted) {
      const due = await store.due(after(0), [...byName.keys()], MOST_AT_ONCE);
      if (due.length === 0) return;
      await Promise.all(due.map(sendOne));
    }
  }

  function sendDue(): Promise<void> {
    sending ??= sendAll()
      .catch((error: unknown) => logger.warn({ err: error }, 'the messages to webhooks could not be read'))
      .finally(() => {
        sending = undefined;
      });
    return sending;
  }

  const timer = endpoints.length === 0 ? undefined : setInterval(() => void sendDue(), SECOND).unref();
  return {
    notify,
    sendDue,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.allSettled(storing);
      stopping.abort();
      await sending;
    },
  };
}

function toDelivery(endpoint: WebhookEndpoint, { type, key, data, owner }: WebhookEvent, now: string): NewDelivery {
  const digest = createHash('sha256').update(`${endpoint.name}\n${type}\n${key}`).digest('base64url');
  return {
    id: `msg_${digest.slice(0, 27)}`,
    endpoint: endpoint.name,
    type,
    body: JSON.stringify({ type, timestamp: now, data }),
    owner: owner ?? null,
    createdAt: now,
    nextAt: now,
  };
}
