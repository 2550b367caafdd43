import { type AuthNames, DEFAULT_NAMES } from '../authority/names.ts';
import { endOf } from '../date-time.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { createApiKeyFormat } from './api-key-format.ts';
import { readAttenuatedText, readCaveat } from './attenuated-text.ts';
import { fromBase64urlJson } from './base64url.ts';
import { createCustomKeyFormat } from './custom-format.ts';
import { createLegacyFormat } from './legacy-format.ts';
import { createPlaceBoundFormat } from './place-bound-format.ts';
import type { TokenKind } from './token-format.ts';

/** What the text of a token contains. None of it is verified. */
export interface TokenInspection {
  /** Absent when the text does not have the shape of a token. */
  readonly kind?: TokenKind;
  /** The public id; for a derived token, that of the stored token behind it. Absent where the text names none. */
  readonly id?: string;
  /** The grants that holders added, in that order. */
  readonly caveats?: readonly unknown[];
  /** The claims of a JWT. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** RFC 3339; the earliest expiry in the token itself. */
  readonly expiresAt?: string;
}

/** Options of {@link inspectToken}; a vocabulary can be passed. */
export interface InspectOptions {
  /** The names of the server that made the token. */
  readonly names?: AuthNames;
}

/**
 * Reads what the text of a token contains, offline: its kind, its public id, its caveats or claims. No part of the
 * result contains the secret.
 *
 * > [!WARNING]
 * > Nothing is verified. Do not base any decision on it.
 *
 * @example
 * ```ts
 * import { inspectToken } from '@latchkey/auth-core';
 *
 * console.log(inspectToken('key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d')); // { kind: 'api-key', id: 'aB3dE5gH' }
 * ```
 */
export function inspectToken(text: string, { names = DEFAULT_NAMES }: InspectOptions = {}): TokenInspection {
  const attenuated = readAttenuatedText(text, names);
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
  const jwt = inspectJwt(text, names);
  if (jwt !== undefined) return jwt;
  const formats = [
    createApiKeyFormat({ names }),
    createLegacyFormat(),
    createPlaceBoundFormat({ names }),
    createCustomKeyFormat({ names }),
  ];
  for (const format of formats) {
    const parsed = format.parse(text);
    if (parsed !== undefined) return { kind: format.kind, ...(parsed.id !== undefined && { id: parsed.id }) };
  }
  return {};
}

function inspectJwt(text: string, { claim }: AuthNames): TokenInspection | undefined {
  const [header, payload, signature, ...rest] = text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined;
  const fields = fromBase64urlJson(header);
  const claims = fromBase64urlJson(payload);
  if (!isJsonObject(fields) || !isJsonObject(claims)) return undefined;
  const end = typeof claims.exp === 'number' ? endingAt(claims.exp * 1000) : {};
  if (fields.typ === 'at+jwt') {
    const own = claims[claim];
    const id = isJsonObject(own) ? own.parent : claims.client_id;
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
