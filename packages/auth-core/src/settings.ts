import { TOKEN_KINDS, type TokenKind } from './token/token-format.ts';

/** The settings of an installation for all of its tokens. Changes while a server runs take effect at once. */
export interface AuthSettings {
  /** Tokens of a kind that is switched off do not work, nor do those that were derived from them. */
  readonly kinds: Readonly<Record<TokenKind, boolean>>;
  /** The default lifetime of a personal access token; from 1 to the maximum. */
  readonly personalAccessTokenSeconds: number;
  /** The lifetime of an access token unless its request asks for less; from 1 to the maximum. */
  readonly accessTokenSeconds: number;
  /**
   * A token that was not used for so long has expired, with all that was derived from it; absent: none ends by that. A
   * token counts as used when it is made, when it gets a new secret, and when it or one derived from it is verified by
   * a process that stores the time, which takes up to a minute: allow much more, such as 90 days.
   */
  readonly unusedTokenSeconds?: number;
}

/** The longest lifetime of a personal access token: a year, leap years included. */
export const MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS = 366 * 86_400;

/** The longest lifetime of an access token: an hour. Other servers accept it until then. */
export const MAXIMUM_ACCESS_TOKEN_SECONDS = 3600;

/**
 * Every kind but place-bound tokens, which a host switches on; personal access tokens for 90 days, access tokens for 5
 * minutes.
 */
export const DEFAULT_AUTH_SETTINGS: AuthSettings = Object.freeze({
  kinds: Object.freeze(
    Object.fromEntries(TOKEN_KINDS.map((kind) => [kind, kind !== 'place-bound'])) as Record<TokenKind, boolean>,
  ),
  personalAccessTokenSeconds: 90 * 86_400,
  accessTokenSeconds: 300,
});
