import { isIP } from 'node:net';
import { isAddressRange } from '@latchkey/auth-core/http';
import { z } from 'zod';
import { OperatorError } from '../contracts/operator-error.ts';
import { WEBHOOK_EVENTS } from '../contracts/webhook-event.ts';
import { dictionary, list } from '../input/bounded.ts';
import { isUrlHostPattern } from './name-patterns.ts';

/** Addresses that events are sent to; see docs/operating.md. */
export const webhooksSchema = z
  .strictObject({
    /** A name of the operator's → where to send, and what. */
    endpoints: dictionary(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }).max(2048),
        /** The environment variable that holds its signing secret: `whsec_` and 24 to 64 bytes in base64. */
        secretVariable: z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'must be the name of an environment variable'),
        events: list(z.enum(WEBHOOK_EVENTS), WEBHOOK_EVENTS.length).default([...WEBHOOK_EVENTS]),
      }),
      64,
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be a short name such as on-call'),
    ).default({}),
    /** Host names, addresses and ranges that may be reached although they are not on the public internet, and by http. */
    allowPrivateHosts: list(
      z
        .string()
        .max(256)
        .refine(
          (entry) => isAddressRange(entry) || isIP(entry) !== 0 || (isUrlHostPattern(entry) && !entry.includes('*')),
          'must be a host name, an IP address or a range such as 10.0.0.0/8',
        ),
      1024,
    ).default([]),
  })
  .prefault({});

export type WebhooksConfig = z.output<typeof webhooksSchema>;

/** Where to send events. */
export interface WebhookEndpoint {
  readonly name: string;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly events: readonly string[];
}

const SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;

/**
 * The endpoints of a configuration, with their secrets from the environment.
 *
 * @throws {OperatorError} `missing_secret`, `invalid_configuration`
 */
export function toEndpoints(
  { endpoints, allowPrivateHosts }: WebhooksConfig,
  environment: Readonly<Record<string, string | undefined>>,
): readonly WebhookEndpoint[] {
  return Object.entries(endpoints).map(([name, { url, secretVariable, events }]) => {
    const { protocol, hostname } = new URL(url);
    // A range is compared when the address is known; without TLS, the host itself must be listed.
    if (protocol === 'http:' && !allowPrivateHosts.includes(hostname)) {
      throw new OperatorError(
        'invalid_configuration',
        `webhooks.endpoints.${name}.url: http:// is for hosts that webhooks.allowPrivateHosts lists by name or address. Use https://, or list ${hostname}.`,
      );
    }
    const [, text] = SECRET.exec((environment[secretVariable] ?? '').trim()) ?? [];
    if (text === undefined) {
      throw new OperatorError(
        'missing_secret',
        `webhooks.endpoints.${name}.secretVariable: ${secretVariable} must be whsec_ and 24 to 64 random bytes in base64. ` +
          'One is made by: echo "whsec_$(openssl rand -base64 32)"',
      );
    }
    return { name, url, secret: Buffer.from(text, 'base64'), events };
  });
}
