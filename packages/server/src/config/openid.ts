import { z } from 'zod';
import { OperatorError } from '../contracts/operator-error.ts';
import { dictionary, list } from '../input/bounded.ts';
import { isLoopback } from './loopback.ts';

const name = z.string().min(1).max(256);

/** A provider of accounts for the console (OpenID Connect); see docs/console.md. */
export const openidSchema = z.strictObject({
  /** The provider, as it names itself: below it is `/.well-known/openid-configuration`. */
  issuer: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .refine(
      (url) => url.startsWith('https:') || (URL.canParse(url) && isLoopback(new URL(url).hostname)),
      'must begin with https://, unless the provider is on this machine',
    ),
  /** What the provider knows this server as. */
  clientId: name,
  /** The environment variable that holds the client's secret; left out for a public client. */
  secretVariable: z
    .string()
    .regex(/^[A-Za-z_]\w{0,127}$/, 'must be the name of an environment variable')
    .optional(),
  /** Its name on the button of the console. */
  name: z.string().min(1).max(60).default('your organisation'),
  scopes: list(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,100}$/, 'must be one scope, without blanks'), 32).default([
    'openid',
    'email',
    'profile',
  ]),
  /** The claim that names the groups of a person. */
  groupsClaim: name.default('groups'),
  /** What the members of a group may do; the first entry that fits a person decides. `*` fits each. */
  grants: list(z.strictObject({ group: name, grant: dictionary(z.unknown(), 4096) }), 256, 1),
  /** How long a person is signed in. */
  sessionHours: z.number().min(0.1).max(168).default(12),
  /** How long the tokens of a person work after the last sign-in. */
  tokenDays: z.number().min(1).max(3660).default(30),
});

export type OpenidConfig = z.output<typeof openidSchema>;

/**
 * The secret of the client from the environment; undefined for a public client.
 *
 * @throws {OperatorError} `missing_secret`
 */
export function clientSecretOf(
  { secretVariable }: Pick<OpenidConfig, 'secretVariable'>,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (secretVariable === undefined) return undefined;
  const secret = (environment[secretVariable] ?? '').trim();
  if (secret !== '') return secret;
  throw new OperatorError(
    'missing_secret',
    `openid.secretVariable: ${secretVariable} is not set. It must hold the secret that the provider gave for this client.`,
  );
}
