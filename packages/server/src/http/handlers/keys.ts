import type { AccessTokens, SigningKeys } from '@latchkey/auth-core/jwt';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { validateBody } from '../../dialects/validate-body.ts';
import type { Handler } from '../route.ts';

const rotateSchema = z.strictObject({ compromised: z.boolean().optional() });

/** For how long others may keep the key set; shorter than a key is published before it signs. */
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
    jwks: async (ctx) => {
      ctx.body = await access.jwks();
      ctx.set('Cache-Control', `public, max-age=${CACHE_SECONDS}`);
    },
    rotate: async (ctx) => {
      const body = validateBody(rotateSchema, ctx.state.body);
      ctx.body = await keys.rotate(withoutAbsent(body), ctx.state.auth.principal);
    },
  };
}
