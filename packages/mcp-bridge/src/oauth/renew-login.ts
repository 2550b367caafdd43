import { setTimeout as wait } from 'node:timers/promises';
import type { McpServerEntry } from '../config/mcp-config.ts';
import type { BridgeLogger } from '../logger.ts';
import { notify } from '../notify.ts';
import { type ContextOptions, requestsFor } from './login-context.ts';
import { isFresh, type LoginDocument, withTokens } from './login-document.ts';
import { LoginError } from './login-error.ts';
import type { LoginOf } from './login-of.ts';
import type { LoginAccount, LoginStore, StoredLogin } from './login-store.ts';
import { revokeTokens } from './revocation.ts';
import { requestTokens, TokenRefusal } from './token-endpoint.ts';

/** A login that stopped working by itself. */
export interface LostLogin {
  readonly server: string;
  readonly account: LoginAccount;
  /** OAuth's word for it, e.g. `invalid_grant`. */
  readonly why: string;
}

export interface FoundLogin {
  readonly stored: StoredLogin;
  readonly document: LoginDocument;
}

export interface RenewalOptions extends ContextOptions {
  readonly store: LoginStore;
  readonly logger: BridgeLogger;
  readonly clock: () => Date;
  readonly onLost?: (lost: LostLogin) => Promise<void>;
  readonly find: (entry: McpServerEntry, account: LoginAccount) => Promise<FoundLogin | undefined>;
  /** The error for a server that wants a login. */
  readonly wanted: (entry: McpServerEntry, what?: string) => LoginError;
}

/** How long one process has the right to renew a login. */
const claimMs = 30_000;
const turnMs = 250;

/** After these, the same refresh token will not work again. */
const finalErrors: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
]);

/** Renews logins, each once, however many requests wait for it, in this process and in others. */
export class LoginRenewals {
  readonly #options: RenewalOptions;
  readonly #running = new Map<string, Promise<string>>();

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** Returns another token than the one that was refused. @throws LoginError */
  renew(of: LoginOf, account: LoginAccount, refusedToken: string, signal: AbortSignal): Promise<string> {
    const key = JSON.stringify([of.entry.id, account, refusedToken]);
    const known = this.#running.get(key);
    if (known !== undefined) return known;
    const running = this.#once(of, account, refusedToken).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    running.catch(() => {});
    signal.throwIfAborted();
    return running;
  }

  async #once(of: LoginOf, account: LoginAccount, refusedToken: string): Promise<string> {
    const { store, clock } = this.#options;
    const signal = AbortSignal.timeout(claimMs);
    for (;;) {
      const login = await this.#options.find(of.entry, account);
      if (login === undefined) throw this.#options.wanted(of.entry);
      const { document, stored } = login;
      if (document.access !== refusedToken && isFresh(document, this.#options.clock().getTime()))
        return document.access;
      if (document.refresh === undefined) throw await this.#lost(of, stored, 'no refresh token');
      const now = clock();
      if (!(await store.claim(stored, now, new Date(now.getTime() + claimMs)))) {
        // Another process refreshes it: a second use of one refresh token would end the login.
        await wait(turnMs, undefined, { signal }).catch(() => {
          throw new LoginError('unavailable', 'its login is being renewed, and that takes too long');
        });
        continue;
      }
      using requests = requestsFor(of, this.#options);
      const form = {
        grant_type: 'refresh_token',
        refresh_token: document.refresh,
        ...(document.resource === undefined ? {} : { resource: document.resource }),
      };
      try {
        const tokens = await requestTokens(document.tokenEndpoint, document.client, form, requests, signal);
        const renewed = withTokens(document, tokens, this.#options.clock().getTime());
        // A login that was ended or replaced meanwhile stays so.
        if (await store.update({ ...stored, document: JSON.stringify(renewed) })) return renewed.access;
        await revokeTokens(renewed, requests, signal);
      } catch (error) {
        if (error instanceof TokenRefusal && finalErrors.has(error.error))
          throw await this.#lost(of, stored, error.error);
        // Gives the right to refresh back.
        await store.update(stored);
        throw error;
      }
    }
  }

  /** Removes a login that can no longer be used, and returns the error for it. */
  async #lost({ entry }: LoginOf, stored: StoredLogin, why: string): Promise<LoginError> {
    const { store, logger, onLost } = this.#options;
    const current = await store.find(entry.id, stored.account);
    if (current?.version === stored.version) {
      await store.remove(entry.id, stored.account);
      logger.warn({ server: entry.id, why }, 'A login at an MCP server has ended');
      notify(onLost, { server: entry.id, account: stored.account, why });
    }
    return this.#options.wanted(entry, 'its login has ended, and it wants another one');
  }
}
