import { type Clock, createSealer } from '@latchkey/auth-core';
import { z } from 'zod';
import type { PendingSignIn } from './provider.ts';

/** How long a person may take at the provider. */
export const PENDING_MILLISECONDS = 600_000;

const schema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});

/** A sign-in that is under way, and the page of the console that it leads to. */
export interface KeptSignIn extends PendingSignIn {
  /** Below `/console`, with its query. */
  readonly to: string;
}

/**
 * What the browser keeps while its person is at the provider. It is encrypted, so that neither a copy of the cookie nor
 * a page at another port can finish a sign-in elsewhere; and only the browser that began one can finish it, so that
 * no link signs a reader in as another person.
 */
export interface PendingCookies {
  seal(pending: KeptSignIn): Promise<string>;
  /** Undefined for what was not sealed here, and for what is older than ten minutes. */
  open(value: string): Promise<KeptSignIn | undefined>;
}

const PURPOSE = 'openid sign-in';

/** @param secrets the secrets of the installation, the present one first */
export function createPendingCookies(secrets: readonly [Uint8Array, ...Uint8Array[]], clock: Clock): PendingCookies {
  const sealer = createSealer(secrets);
  return {
    async seal({ state, nonce, verifier, to }) {
      const until = clock().getTime() + PENDING_MILLISECONDS;
      const sealed = await sealer.seal(PURPOSE, JSON.stringify({ state, nonce, verifier, to, until }));
      return Buffer.from(sealed).toString('base64url');
    },
    async open(value) {
      const text = await sealer.open(PURPOSE, Buffer.from(value, 'base64url').toString()).catch(() => undefined);
      if (text === undefined) return undefined;
      const { until, ...pending } = schema.parse(JSON.parse(text));
      return clock().getTime() < until ? pending : undefined;
    },
  };
}
