import { createHmac } from 'node:crypto';

/** The headers of a message as Standard Webhooks defines them: id, seconds since 1970, and HMAC-SHA-256 of all three. */
export function signedHeaders(
  id: string,
  body: string,
  secret: Uint8Array,
  now: Date,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
