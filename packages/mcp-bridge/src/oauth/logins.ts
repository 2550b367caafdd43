import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { McpServerEntry } from '../config/mcp-config.ts';
import type { BridgeLogger } from '../logger.ts';
import type { Fetch } from '../transport/guarded-fetch.ts';
import { readAnswer, startAuthorization } from './authorization-code.ts';
import { startDevice } from './device-flow.ts';
import type { Challenge } from './discovery.ts';
import { type ContextOptions, openContext, requestsFor } from './login-context.ts';
import { isFresh, type LoginDocument, readDocument, withTokens } from './login-document.ts';
import { LoginError, refused } from './login-error.ts';
import { type LoginOf, loginOf } from './login-of.ts';
import { type LoginAccount, type LoginStore, SHARED_ACCOUNT, type StoredAttempt } from './login-store.ts';
import { MachineTokens } from './machine-tokens.ts';
import { type FoundLogin, LoginRenewals, type LostLogin } from './renew-login.ts';
import { revokeTokens } from './revocation.ts';
import { requestTokens, TokenRefusal } from './token-endpoint.ts';
import { type TokenSource, withLogin } from './with-login.ts';

export interface McpLoginsOptions extends ContextOptions {
  readonly store: LoginStore;
  readonly logger: BridgeLogger;
  readonly clock: () => Date;
  /** What a person can do, e.g. `latchkey mcp login notes`. */
  readonly hint: (label: string) => string;
  /**
   * Says to an authorization server on whose behalf this host asks (RFC 8693). Absent: there is no token exchange.
   *
   * @param audience the issuer of the authorization server
   */
  readonly subjectToken?: (
    account: LoginAccount,
    audience: string,
  ) => Promise<{ readonly token: string; readonly type: string }>;
  /** Called when a login has stopped working. */
  readonly onLost?: (lost: LostLogin) => Promise<void>;
}

/** Who signs in, and for whom. */
export interface LoginCaller {
  readonly account: LoginAccount;
  /** See `StoredLogin.madeBy`. */
  readonly madeBy: string;
}

export type BegunLogin =
  | { readonly id: string; readonly flow: 'browser'; readonly url: string; readonly expiresAt: Date }
  | {
      readonly id: string;
      readonly flow: 'device';
      readonly url: string;
      readonly completeUrl?: string;
      readonly userCode: string;
      readonly intervalMs: number;
      readonly expiresAt: Date;
    };

const attemptMs = 600_000;
/** How long a request for a token may take that no person waits for. */
const obtainMs = 30_000;

const attemptSchema = z.object({
  server: z.object({ issuer: z.string(), namesItself: z.boolean() }),
  document: z.looseObject({ url: z.string() }),
  code: z.object({ state: z.string(), verifier: z.string(), redirectUri: z.string() }).optional(),
  device: z.object({ code: z.string(), intervalMs: z.number() }).optional(),
});

/** Logins at the MCP servers of an mcp.json: made by persons, or by this host where the file says so. */
export class McpLogins {
  readonly #options: McpLoginsOptions;
  readonly #machine: MachineTokens;
  /** What servers said when they refused a request without a token. */
  readonly #challenges = new Map<string, Challenge>();
  readonly #renewals: LoginRenewals;
  readonly #listeners = new Set<(server: string, account: LoginAccount) => void>();

  constructor(options: McpLoginsOptions) {
    this.#options = options;
    this.#machine = new MachineTokens(() => options.clock().getTime());
    this.#renewals = new LoginRenewals({
      ...options,
      find: (entry, account) => this.#find(entry, account),
      wanted: (entry, what) => this.#wanted(entry, what),
    });
  }

  /** Calls a listener after each login and logout in this process. */
  onChange(listener: (server: string, account: LoginAccount) => void): void {
    this.#listeners.add(listener);
  }

  /** Whether there is a login that can be used for this entry as it is now. */
  async has(entry: McpServerEntry, account: LoginAccount): Promise<boolean> {
    return (await this.#find(entry, account)) !== undefined;
  }

  /**
   * Begins a login. With a redirect, by a browser; without one, on another device, if the server offers that.
   *
   * @throws LoginError
   */
  async begin(
    entry: McpServerEntry,
    { account, madeBy }: LoginCaller,
    redirectUri: string | undefined,
    signal: AbortSignal,
  ): Promise<BegunLogin> {
    const of = this.#loginOf(entry);
    if (of.settings.grant !== 'login') throw new LoginError('invalid', 'it is signed in to without a person');
    if (redirectUri !== undefined) this.#checkRedirect(redirectUri);
    using requests = requestsFor(of, this.#options);
    const former = await this.#find(entry, account);
    const context = await openContext(
      of,
      this.#challenges.get(entry.id),
      former?.document.wanted,
      this.#options,
      requests,
      signal,
    );
    const { found, scope } = context;
    const { server, resource } = found;
    const id = randomBytes(24).toString('base64url');
    const remember = async (of: object, client: Parameters<typeof context.document>[0], lifetimeMs: number) => {
      const expiresAt = new Date(this.#options.clock().getTime() + lifetimeMs);
      const document = JSON.stringify({ server, document: context.document(client), ...of });
      await this.#options.store.begin({ id, server: entry.id, account, madeBy, document, expiresAt });
      return expiresAt;
    };
    if (redirectUri !== undefined) {
      if (server.authorizationEndpoint === undefined || !server.hasPkce) {
        // Before a client is registered for nothing.
        startAuthorization({ server, client: { id: '-', method: 'none' }, redirectUri, scope, resource });
      }
      const client = await context.identify(redirectUri, ['authorization_code', 'refresh_token'], signal);
      const { url, attempt } = startAuthorization({ server, client, redirectUri, scope, resource });
      return { id, flow: 'browser', url, expiresAt: await remember({ code: attempt }, client, attemptMs) };
    }
    if (server.deviceEndpoint === undefined) {
      throw refused('its authorization server has no login by another device: use a browser, or paste its answer');
    }
    const client = await context.identify(undefined, [DEVICE_GRANT, 'refresh_token'], signal);
    const form = { ...(scope === undefined ? {} : { scope }), ...(resource === undefined ? {} : { resource }) };
    const device = await startDevice(server.deviceEndpoint, client, form, requests, signal);
    const { code, userCode, url, completeUrl, intervalMs, lifetimeMs } = device;
    const expiresAt = await remember({ device: { code, intervalMs } }, client, lifetimeMs);
    const complete = completeUrl === undefined ? {} : { completeUrl };
    return { id, flow: 'device', url, ...complete, userCode, intervalMs, expiresAt };
  }

  /**
   * Finishes a login. The caller must be the one that began it.
   *
   * @param answer what the browser was sent to; absent for a login on another device, which may be `pending`
   * @throws LoginError
   */
  async finish(
    entry: McpServerEntry,
    id: string,
    { account, madeBy }: LoginCaller,
    answer: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const of = this.#loginOf(entry);
    const attempt = await this.#options.store.attempt(id, this.#options.clock());
    if (attempt?.server !== entry.id || attempt.account !== account || attempt.madeBy !== madeBy) {
      throw new LoginError('invalid', 'there is no such login, or it took too long: begin again');
    }
    const { server, document, code, device } = attemptSchema.parse(JSON.parse(attempt.document));
    const begun = document as unknown as Omit<LoginDocument, 'access'>;
    if (begun.url !== of.entry.url) throw new LoginError('invalid', 'the mcp.json has changed meanwhile: begin again');
    using requests = requestsFor(of, this.#options);
    const resource = begun.resource === undefined ? {} : { resource: begun.resource };
    if (code !== undefined) {
      if (answer === undefined) throw new LoginError('invalid', 'the answer of the browser is missing');
      const given = readAnswer(answer, code, server);
      const form = {
        grant_type: 'authorization_code',
        code: given,
        code_verifier: code.verifier,
        redirect_uri: code.redirectUri,
        ...resource,
      };
      // Used once, whatever comes of it.
      if (!(await this.#options.store.end(id)))
        throw new LoginError('invalid', 'this answer has been used: begin again');
      return this.#keep(attempt, begun, await requestTokens(begun.tokenEndpoint, begun.client, form, requests, signal));
    }
    const form = { grant_type: DEVICE_GRANT, device_code: device?.code ?? '', ...resource };
    try {
      const tokens = await requestTokens(begun.tokenEndpoint, begun.client, form, requests, signal);
      if (!(await this.#options.store.end(id)))
        throw new LoginError('invalid', 'this login has been used: begin again');
      await this.#keep(attempt, begun, tokens);
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      const slower = error.error === 'slow_down' ? 5_000 : 0;
      if (slower > 0 || error.error === 'authorization_pending') {
        throw new LoginError('pending', 'the login has not been finished', {
          afterMs: (device?.intervalMs ?? 5_000) + slower,
        });
      }
      await this.#options.store.end(id);
      throw error.error === 'access_denied' ? refused('the login was refused') : error;
    }
  }

  /**
   * Ends a login: here first, then at the authorization server, if that takes revocations.
   *
   * @returns whether there was one
   */
  async logout(entry: McpServerEntry, account: LoginAccount, signal: AbortSignal): Promise<boolean> {
    const removed = await this.#options.store.remove(entry.id, account);
    this.#changed(entry.id, account);
    const document = removed === undefined ? undefined : readDocument(removed.document);
    const of = loginOf(entry);
    if (document !== undefined && of !== undefined) {
      using requests = requestsFor(of, this.#options);
      await revokeTokens(document, requests, signal);
    }
    return removed !== undefined;
  }

  /** Wraps `fetch` with the login of an account; as it is where there is none to send. */
  fetchFor(entry: McpServerEntry, account: LoginAccount, fetch: Fetch): Fetch {
    const of = loginOf(entry);
    if (of === undefined) return fetch;
    return withLogin(
      fetch,
      of.settings.grant === 'login' ? this.#personal(of, account) : this.#unattended(of, account),
    );
  }

  #personal(of: LoginOf, account: LoginAccount): TokenSource {
    const { entry } = of;
    return {
      isDeclared: of.isDeclared,
      token: async (signal) => {
        const login = await this.#find(entry, account);
        if (login === undefined) return undefined;
        if (isFresh(login.document, this.#now())) return login.document.access;
        try {
          return await this.#renewals.renew(of, account, login.document.access, signal);
        } catch (error) {
          const isUsable = isFresh(login.document, this.#now(), 0);
          if (isUsable && error instanceof LoginError && error.code === 'unavailable') return login.document.access;
          throw error;
        }
      },
      renew: (refusedToken, signal) => this.#renewals.renew(of, account, refusedToken, signal),
      widen: async (scope) => {
        const login = await this.#find(entry, account);
        if (login !== undefined && scope !== undefined) {
          const document = JSON.stringify({
            ...login.document,
            wanted: scopesOf(login.document.wanted, login.document.scope, scope),
          });
          await this.#options.store.update({ ...login.stored, document });
        }
        throw this.#wanted(entry, 'it wants a login with more rights');
      },
      ask: (challenge) => {
        this.#challenges.set(entry.id, challenge);
        throw this.#wanted(entry);
      },
      refusal: () => this.#wanted(entry, 'it refuses its login, and wants another one'),
    };
  }

  #unattended(of: LoginOf, account: LoginAccount): TokenSource {
    const { entry, settings } = of;
    const key = JSON.stringify([entry.id, entry.url, settings, account]);
    const get = (options: { refusedToken?: string; scope?: string }, signal: AbortSignal): Promise<string> =>
      this.#machine.get(key, (scope) => this.#obtain(of, account, scope, signal), options);
    return {
      isDeclared: true,
      token: (signal) => get({}, signal),
      renew: (refusedToken, signal) => get({ refusedToken }, signal),
      widen: (scope, signal) => get(scope === undefined ? {} : { scope }, signal),
      ask: () => {
        throw refused('it refuses requests without a token');
      },
      refusal: () => refused('it refuses the token that its authorization server gave for it'),
    };
  }

  async #obtain(of: LoginOf, account: LoginAccount, further: string | undefined, waiting: AbortSignal) {
    const { settings } = of;
    // Others may wait for the same token when the first caller gives up.
    const signal = AbortSignal.timeout(obtainMs);
    waiting.throwIfAborted();
    using requests = requestsFor(of, this.#options);
    const context = await openContext(of, undefined, further, this.#options, requests, signal);
    const { found, scope } = context;
    const common = {
      ...(scope === undefined ? {} : { scope }),
      ...(found.resource === undefined ? {} : { resource: found.resource }),
    };
    const isExchange = settings.grant === 'token_exchange';
    const client = await context.identify(undefined, [isExchange ? EXCHANGE_GRANT : 'client_credentials'], signal);
    const form = isExchange
      ? { grant_type: EXCHANGE_GRANT, ...(await this.#subject(account, found.server.issuer)), ...common }
      : { grant_type: 'client_credentials', ...common };
    const tokens = await requestTokens(found.server.tokenEndpoint, client, form, requests, signal);
    return { document: context.document(client), tokens };
  }

  async #subject(account: LoginAccount, issuer: string): Promise<Record<string, string>> {
    const { subjectToken } = this.#options;
    if (subjectToken === undefined) throw refused('this host has no token to exchange');
    const { token, type } = await subjectToken(account, issuer);
    return {
      subject_token: token,
      subject_token_type: type,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
  }

  async #keep(
    { server, account, madeBy }: StoredAttempt,
    document: Omit<LoginDocument, 'access'>,
    tokens: Parameters<typeof withTokens>[1],
  ): Promise<void> {
    const kept = withTokens(document, tokens, this.#now());
    await this.#options.store.put({ server, account, madeBy, document: JSON.stringify(kept) });
    this.#changed(server, account);
  }

  /** A login for this entry. One for another URL is none: its token is for another server. */
  async #find(entry: McpServerEntry, account: LoginAccount): Promise<FoundLogin | undefined> {
    const of = loginOf(entry);
    if (of === undefined) return undefined;
    const stored = await this.#options.store.find(entry.id, account);
    const document = stored === undefined ? undefined : readDocument(stored.document);
    return stored === undefined || document?.url !== of.entry.url ? undefined : { stored, document };
  }

  #loginOf(entry: McpServerEntry): LoginOf {
    const of = loginOf(entry);
    if (of !== undefined) return of;
    const why = entry.transport === 'stdio' ? 'it is a program' : 'its headers have its credentials, or "oauth" is off';
    throw new LoginError('invalid', `it is not signed in to: ${why}`);
  }

  #checkRedirect(redirectUri: string): void {
    const url = URL.parse(redirectUri);
    const isLoopback =
      url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) && url.username === '';
    if (!isLoopback && !this.#options.redirects?.includes(redirectUri)) {
      throw new LoginError('invalid', 'the browser may be sent back to this machine or to this host only');
    }
  }

  #wanted({ label }: Pick<McpServerEntry, 'label'>, what = 'it wants a login'): LoginError {
    return new LoginError('wanted', `${what}: ${this.#options.hint(label)}`);
  }

  #changed(server: string, account: LoginAccount): void {
    for (const listener of this.#listeners) listener(server, account);
  }

  #now(): number {
    return this.#options.clock().getTime();
  }
}

/** The account that a caller uses of a server; undefined for a caller without an owner at a server of many. */
export function accountOf(entry: McpServerEntry, owner: string | undefined): LoginAccount | undefined {
  const of = loginOf(entry);
  if (of === undefined) return undefined;
  return of.settings.account === 'shared' ? SHARED_ACCOUNT : owner;
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

const scopesOf = (...lists: readonly (string | undefined)[]): string =>
  [...new Set(lists.flatMap((list) => (list ?? '').split(' ').filter((word) => word !== '')))].join(' ');
