import { createHmac } from 'node:crypto';

/**
 * Returns the name of the issuer of access tokens when no URL is configured. It is the same for all servers with the
 * same secret.
 */
export function nameInstallation(secret: Uint8Array): string {
  return `urn:latchkey:${createHmac('sha256', secret).update('name of the installation').digest('hex').slice(0, 32)}`;
}
