import { z } from 'zod';
import { clientSchema } from './client-identity.ts';
import type { Tokens } from './token-endpoint.ts';

/**
 * What a login consists of. The endpoints are those that gave the tokens: a refresh token goes nowhere else, whatever
 * metadata says later.
 */
const schema = z.object({
  /** The server that the tokens are for; they are sent to no other one. */
  url: z.string(),
  issuer: z.string(),
  tokenEndpoint: z.string(),
  revocationEndpoint: z.string().optional(),
  client: clientSchema,
  resource: z.string().optional(),
  access: z.string(),
  refresh: z.string().optional(),
  scope: z.string().optional(),
  /** Milliseconds since 1970. */
  expiresAt: z.number().optional(),
  /** Scopes that the server has asked for since. */
  wanted: z.string().optional(),
});
export type LoginDocument = z.output<typeof schema>;

/** Reads a stored document; undefined for one that another version of this program wrote. */
export function readDocument(text: string): LoginDocument | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The document with new tokens. A refresh token that is not replaced stays in use (RFC 6749, 6). */
export function withTokens(
  document: Omit<LoginDocument, 'access'>,
  { access, refresh, scope, lifetimeMs }: Tokens,
  now: number,
): LoginDocument {
  const { expiresAt: _, ...rest } = document;
  return {
    ...rest,
    access,
    ...(refresh === undefined ? {} : { refresh }),
    ...(scope === undefined ? {} : { scope }),
    ...(lifetimeMs === undefined ? {} : { expiresAt: now + lifetimeMs }),
  };
}

/** The last seconds of a token are not used: it could end on its way. */
const marginMs = 30_000;

export const isFresh = ({ expiresAt }: Pick<LoginDocument, 'expiresAt'>, now: number, margin = marginMs): boolean =>
  expiresAt === undefined || now < expiresAt - margin;
