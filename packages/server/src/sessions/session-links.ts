import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@latchkey/auth-core';

/** How long a link can be used. */
const LINK_MILLISECONDS = 120_000;
/** One more link makes the oldest useless. */
const MOST_LINKS = 64;

/** A link that signs a browser in once. */
export interface SessionLink {
  readonly code: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** The links of this process. They are in its memory only, so that no file holds a token that is not encrypted. */
export interface SessionLinks {
  /** Makes a link that signs in with a token. */
  make(token: string): SessionLink;
  /** Uses a link up, and returns its token; undefined when there is none, and for one that was used or has expired. */
  use(code: string): string | undefined;
}

export function createSessionLinks({ clock }: { readonly clock: Clock }): SessionLinks {
  const links = new Map<string, { readonly token: string; readonly expires: number }>();
  // Looked up by a digest, so that the time of a lookup says nothing about the code.
  const digest = (code: string): string => createHash('sha256').update(code).digest('hex');

  function forgetExpired(): void {
    const now = clock().getTime();
    for (const [key, { expires }] of links) if (expires <= now) links.delete(key);
  }

  return {
    make(token) {
      forgetExpired();
      const [oldest] = links.keys();
      if (links.size >= MOST_LINKS && oldest !== undefined) links.delete(oldest);
      const code = randomBytes(32).toString('base64url');
      const expires = clock().getTime() + LINK_MILLISECONDS;
      links.set(digest(code), { token, expires });
      return { code, expiresAt: new Date(expires).toISOString() };
    },
    use(code) {
      forgetExpired();
      const key = digest(code);
      const link = links.get(key);
      links.delete(key);
      return link?.token;
    },
  };
}
