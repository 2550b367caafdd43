/** The table of the events that are sent to webhooks. */
export interface WebhookTables {
  webhook_delivery: WebhookDeliveryTable;
}

export interface WebhookDeliveryTable {
  /** The id of the message: a digest of its endpoint and its key. */
  id: string;
  endpoint: string;
  type: string;
  /** JSON, as it is signed and sent; empty once it is not sent any more. */
  body: string;
  owner: string | null;
  state: 'waiting' | 'sent' | 'given-up';
  attempts: number;
  created_at: string;
  /** When it is tried next. A server that sends it moves this on first. */
  next_at: string;
}
