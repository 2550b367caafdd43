import { InvalidTokenError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import type { TokenKind } from '../token/token-format.ts';
import { readSettings } from './read-settings.ts';

/** Which kinds of tokens work now. */
export interface EnabledKinds {
  /** @throws {AuthError} `AUTH_TOKEN_KIND_DISABLED`; `AUTH_STORE_UNAVAILABLE` when the settings cannot be read */
  require(kinds: readonly TokenKind[]): void;
  /** Never throws: false when the settings cannot be read. */
  allow(kinds: readonly TokenKind[]): boolean;
}

/** The kinds that are served, as far as the settings enable them. */
export function createEnabledKinds(served: ReadonlySet<TokenKind>, settings: () => AuthSettings): EnabledKinds {
  function areEnabled(kinds: readonly TokenKind[]): boolean {
    return readSettings(() => {
      const switches = settings().kinds;
      return kinds.every((kind) => served.has(kind) && switches[kind]);
    });
  }

  return {
    require(kinds) {
      if (!areEnabled(kinds)) throw new InvalidTokenError('AUTH_TOKEN_KIND_DISABLED');
    },
    allow(kinds) {
      try {
        return areEnabled(kinds);
      } catch {
        return false;
      }
    },
  };
}
