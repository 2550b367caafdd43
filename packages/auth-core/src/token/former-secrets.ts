import type { PreviousSecret, TokenRecord } from './token-store.ts';

/** The secrets that a token had before its present one, the latest first. */
export function formerSecrets(record: Pick<TokenRecord, 'previous'>): readonly PreviousSecret[] {
  const secrets: PreviousSecret[] = [];
  for (let secret = record.previous; secret !== undefined; secret = secret.previous) secrets.push(secret);
  return secrets;
}
