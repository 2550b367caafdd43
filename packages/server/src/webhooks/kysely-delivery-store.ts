import type { Kysely } from 'kysely';
import type { WebhookDeliveryTable, WebhookTables } from './schema.ts';

/** A message that is to be sent. */
export interface Delivery {
  readonly id: string;
  readonly endpoint: string;
  readonly body: string;
  /** How many times it was tried. */
  readonly attempts: number;
  /** RFC 3339. */
  readonly nextAt: string;
}

/** A message to keep until it is sent. */
export interface NewDelivery extends Omit<Delivery, 'attempts'> {
  readonly type: string;
  readonly owner: string | null;
  readonly createdAt: string;
}

/** Stores the queue of messages. Times are RFC 3339, in UTC. */
export interface DeliveryStore {
  /** Adds messages; those whose id is known already are left out. */
  add(deliveries: readonly NewDelivery[]): Promise<void>;
  /** Messages to send now, oldest first. */
  due(now: string, endpoints: readonly string[], most: number): Promise<readonly Delivery[]>;
  /** Takes a message, until a time when another server may; false when another has taken it. */
  take(delivery: Delivery, until: string): Promise<boolean>;
  retry(id: string, attempts: number, nextAt: string): Promise<void>;
  /** Ends a message and deletes its content; its id is remembered. */
  end(id: string, state: 'sent' | 'given-up'): Promise<void>;
  /** Deletes messages that were created before a time. */
  forget(before: string): Promise<void>;
}

/** Stores the queue in an SQL database. */
export function createKyselyDeliveryStore(db: Kysely<WebhookTables>): DeliveryStore {
  return {
    async add(deliveries) {
      const rows = deliveries.map(toRow);
      if (rows.length === 0) return;
      await db
        .insertInto('webhook_delivery')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    },
    async due(now, endpoints, most) {
      if (endpoints.length === 0) return [];
      const rows = await db
        .selectFrom('webhook_delivery')
        .select(['id', 'endpoint', 'body', 'attempts', 'next_at'])
        .where('state', '=', 'waiting')
        .where('next_at', '<=', now)
        .where('endpoint', 'in', endpoints)
        .orderBy('next_at')
        .limit(most)
        .execute();
      return rows.map(({ next_at, attempts, ...row }) => ({ ...row, attempts: Number(attempts), nextAt: next_at }));
    },
    async take({ id, nextAt }, until) {
      const { numUpdatedRows } = await db
        .updateTable('webhook_delivery')
        .set({ next_at: until })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .where('next_at', '=', nextAt)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    async retry(id, attempts, nextAt) {
      await db.updateTable('webhook_delivery').set({ attempts, next_at: nextAt }).where('id', '=', id).execute();
    },
    async end(id, state) {
      await db.updateTable('webhook_delivery').set({ state, body: '', owner: null }).where('id', '=', id).execute();
    },
    async forget(before) {
      await db.deleteFrom('webhook_delivery').where('created_at', '<', before).execute();
    },
  };
}

const toRow = ({ nextAt, createdAt, ...delivery }: NewDelivery): WebhookDeliveryTable => ({
  ...delivery,
  state: 'waiting',
  attempts: 0,
  created_at: createdAt,
  next_at: nextAt,
});
