import { createHmac } from 'node:crypto';

/** A name for the issuer of access tokens where nobody has given it a URL: the same for all who share the secret. */
export function nameInstallation(secret: Uint8Array): string {
  return `urn:latchkey:${createHmac('sha256', secret).update('name of the installation').digest('hex').slice(0, 32)}`;
}
