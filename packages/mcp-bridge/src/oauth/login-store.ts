import { randomUUID } from 'node:crypto';

/** Whose login it is: an owner of tokens, or `SHARED_ACCOUNT`. */
export type LoginAccount = string;

/** The account that all callers share who may use the server. No owner has an empty name. */
export const SHARED_ACCOUNT: LoginAccount = '';

/** A login as it is stored. `document` is secret: a store seals it. */
export interface StoredLogin {
  /** The plugin id. */
  readonly server: string;
  readonly account: LoginAccount;
  /** Who made it, for the store: a login ends with the token that made it. */
  readonly madeBy: string;
  readonly document: string;
  /** Another one after each change. */
  readonly version: string;
}

/** A login that a person has begun. `document` is secret. */
export interface StoredAttempt extends Omit<StoredLogin, 'version'> {
  readonly id: string;
  readonly expiresAt: Date;
}

/**
 * SEAM: where logins are kept. Several processes may share them, so changes name the version that they are based on.
 * The store forgets a login when the token that made it has ended.
 */
export interface LoginStore {
  find(server: string, account: LoginAccount): Promise<StoredLogin | undefined>;
  /** Replaces a login, whatever it was before. */
  put(login: Omit<StoredLogin, 'version'>): Promise<void>;
  /** Replaces the document of this version; false when there is another version now, or none. */
  update(login: StoredLogin): Promise<boolean>;
  /** Removes it; the login that was removed, if there was one. */
  remove(server: string, account: LoginAccount): Promise<StoredLogin | undefined>;
  /** Takes the right to refresh this version until a time; false while another process has it, or after a change. */
  claim(login: Pick<StoredLogin, 'server' | 'account' | 'version'>, now: Date, until: Date): Promise<boolean>;
  begin(attempt: StoredAttempt): Promise<void>;
  /** An attempt that has not expired. */
  attempt(id: string, now: Date): Promise<StoredAttempt | undefined>;
  /** Removes an attempt; false when it was removed before. So it is used once. */
  end(id: string): Promise<boolean>;
}

/** Logins in the memory of this process, for libraries and tests: they end with it. */
export function createMemoryLoginStore(): LoginStore {
  const logins = new Map<string, StoredLogin>();
  const claims = new Map<string, { readonly version: string; readonly until: Date }>();
  const attempts = new Map<string, StoredAttempt>();
  const keyOf = (server: string, account: string): string => JSON.stringify([server, account]);
  return {
    find: async (server, account) => logins.get(keyOf(server, account)),
    async put(login) {
      logins.set(keyOf(login.server, login.account), { ...login, version: randomUUID() });
    },
    async update(login) {
      const key = keyOf(login.server, login.account);
      if (logins.get(key)?.version !== login.version) return false;
      logins.set(key, { ...login, version: randomUUID() });
      return true;
    },
    async remove(server, account) {
      const login = logins.get(keyOf(server, account));
      logins.delete(keyOf(server, account));
      return login;
    },
    async claim({ server, account, version }, now, until) {
      const key = keyOf(server, account);
      const claim = claims.get(key);
      if (logins.get(key)?.version !== version || (claim?.version === version && claim.until > now)) return false;
      claims.set(key, { version, until });
      return true;
    },
    begin: async (attempt) => void attempts.set(attempt.id, attempt),
    async attempt(id, now) {
      const attempt = attempts.get(id);
      return attempt !== undefined && attempt.expiresAt > now ? attempt : undefined;
    },
    end: async (id) => attempts.delete(id),
  };
}
