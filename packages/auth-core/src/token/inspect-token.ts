import { endOf } from '../date-time.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { createApiKeyFormat } from './api-key-format.ts';
import { readAttenuatedText, readCaveat } from './attenuated-text.ts';
import { fromBase64urlJson } from './base64url.ts';
import { createCustomKeyFormat } from './custom-format.ts';
import { createLegacyFormat } from './legacy-format.ts';
import type { TokenKind } from './token-format.ts';

/** What a token says of itself. Nobody has verified any of it. */
export interface TokenInspection {
  /** Absent when the text has the shape of no token. */
  readonly kind?: TokenKind;
  /** The public id; of a token that was derived, that of the stored one behind it. Absent where the text names none. */
  readonly id?: string;
  /** The grants that holders added, the first one first. */
  readonly caveats?: readonly unknown[];
  /** What a JWT claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** RFC 3339; the earliest end that the token itself names. */
  readonly expiresAt?: string;
}

/**
 * Says what a token says of itself, without asking anybody: its kind, its public id, its caveats or claims. The secret
 * is in no part of the answer.
 *
 * > [!WARNING]
 * > Nothing is verified. Decide nothing by it.
 *
 * @example
 * ```ts
 * import { inspectToken } from '@latchkey/auth-core';
 *
 * console.log(inspectToken('sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d')); // { kind: 'api-key', id: 'aB3dE5gH' }
 * ```
 */
export function inspectToken(text: string): TokenInspection {
  const attenuated = readAttenuatedText(text);
  if (attenuated !== undefined) {
    const caveats = attenuated.caveats.map((caveat) => readCaveat(caveat).grant);
    const ends = caveats.flatMap((caveat) =>
      isJsonObject(caveat) && typeof caveat.expiresAt === 'string' ? [endOf(caveat.expiresAt)] : [],
    );
    return {
      kind: 'attenuated',
      ...('id' in attenuated.from && { id: attenuated.from.id }),
      caveats,
      ...endingAt(Math.min(...ends)),
    };
  }
  const jwt = inspectJwt(text);
  if (jwt !== undefined) return jwt;
  for (const format of [createApiKeyFormat(), createLegacyFormat(), createCustomKeyFormat()]) {
    const parsed = format.parse(text);
    if (parsed !== undefined) return { kind: format.kind, ...(parsed.id !== undefined && { id: parsed.id }) };
  }
  return {};
}

function inspectJwt(text: string): TokenInspection | undefined {
  const [header, payload, signature, ...rest] = text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined;
  const fields = fromBase64urlJson(header);
  const claims = fromBase64urlJson(payload);
  if (!isJsonObject(fields) || !isJsonObject(claims)) return undefined;
  const end = typeof claims.exp === 'number' ? endingAt(claims.exp * 1000) : {};
  if (fields.typ === 'at+jwt') {
    const id = isJsonObject(claims.latchkey) ? claims.latchkey.parent : claims.client_id;
    return { kind: 'access', ...(typeof id === 'string' && { id }), claims, ...end };
  }
  if (claims.token_type !== 'refresh' || typeof claims.jti !== 'string') return undefined;
  const [id = ''] = claims.jti.split('.');
  return { kind: 'personal-access', id, claims, ...end };
}

function endingAt(milliseconds: number): Pick<TokenInspection, 'expiresAt'> {
  const date = new Date(milliseconds);
  return Number.isFinite(date.getTime()) ? { expiresAt: date.toISOString() } : {};
}
