import type { LoginDocument } from './login-document.ts';
import { isFresh, withTokens } from './login-document.ts';
import type { Tokens } from './token-endpoint.ts';

interface Held {
  readonly promise: Promise<LoginDocument>;
  readonly scope: string | undefined;
}

/** How many accounts are remembered; the one that was used the longest time ago is forgotten first. */
const mostHeld = 1024;

/**
 * Tokens that need no person, in memory only: they are asked for again after a restart. Each is asked for once, however
 * many requests wait for it.
 */
export class MachineTokens {
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param key the server and the account, and what of the mcp.json decides about the token
   * @param refusedToken a token that must not be returned
   * @param scope scopes that the token must have, beside those of before
   */
  async get(
    key: string,
    obtain: (
      scope: string | undefined,
    ) => Promise<{ readonly document: Omit<LoginDocument, 'access'>; readonly tokens: Tokens }>,
    { refusedToken, scope }: { readonly refusedToken?: string; readonly scope?: string } = {},
  ): Promise<string> {
    const held = this.#held.get(key);
    const known = await held?.promise.catch(() => undefined);
    const hasScope = scope === undefined || held?.scope === scope;
    if (known !== undefined && known.access !== refusedToken && hasScope && isFresh(known, this.#now())) {
      return known.access;
    }
    // Another caller may have begun meanwhile.
    const current = this.#held.get(key);
    if (current !== undefined && current !== held) return (await current.promise).access;
    const wanted = scope ?? held?.scope;
    const promise = obtain(wanted).then(({ document, tokens }) => withTokens(document, tokens, this.#now()));
    const mine = { promise, scope: wanted };
    this.#held.delete(key);
    this.#held.set(key, mine);
    promise.catch(() => {
      if (this.#held.get(key) === mine) this.#held.delete(key);
    });
    const oldest = this.#held.keys().next().value;
    if (this.#held.size > mostHeld && oldest !== undefined) this.#held.delete(oldest);
    return (await promise).access;
  }
}
