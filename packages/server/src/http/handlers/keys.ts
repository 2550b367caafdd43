import type { AccessTokens, SigningKeys } from '@latchkey/auth-core/jwt';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

const rotateSchema = z.strictObject({ compromised: z.boolean().optional() });

/** How long clients may cache the key set. A new key is published for longer than this before it signs. */
const CACHE_SECONDS = 300;

export interface KeyHandlers {
  /** `GET /.well-known/jwks.json` (RFC 7517). */
  readonly jwks: Handler;
  /** `POST /api/v1/keys/rotate`. */
  readonly rotate: Handler;
}

/** The keys that access tokens are signed with. */
export function createKeyHandlers(access: Pick<AccessTokens, 'jwks'>, keys: Pick<SigningKeys, 'rotate'>): KeyHandlers {
  return {
    jwks: async () => ({
      ...json(await access.jwks()),
      headers: { 'Cache-Control': `public, max-age=${CACHE_SECONDS}` },
    }),
    rotate: async ({ body, auth }) =>
      json(await keys.rotate(withoutAbsent(validateBody(rotateSchema, body)), auth.principal)),
  };
}
