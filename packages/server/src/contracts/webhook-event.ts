/** What operators can be notified of. */
export const WEBHOOK_EVENTS = [
  'approval.waiting',
  'budget.reached',
  'token.expiring',
  'server.unhealthy',
  'engine.unhealthy',
  'definition.changed',
] as const;

export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** Something that operators are notified of. It has no arguments and no secrets. */
export interface WebhookEvent {
  readonly type: WebhookEventType;
  /** The same for the same thing: it is sent once, whatever server of the installation notices it and how often. */
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The owner that it is about; what is kept of it is erased with the owner. */
  readonly owner?: string;
}

/** Notifies operators of an event. Never throws, and is not awaited. */
export type Notify = (event: WebhookEvent) => void;
