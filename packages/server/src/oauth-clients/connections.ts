import { createHash } from 'node:crypto';
import {
  type AuditActor,
  type AuditSink,
  type Clock,
  InvalidTokenError,
  type Principal,
  TokenNotFoundError,
} from '@latchkey/auth-core';
import type { Auth, Grant } from '@latchkey/auth-core/llm';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { ConnectionSecrets, PresentedSecret } from './connection-secrets.ts';
import type { Connection, ConnectionStore } from './connection-store.ts';
import { OAuthError } from './oauth-error.ts';

/** How long a code can be redeemed. */
const CODE_MILLISECONDS = 60_000;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** What a person allows a client. */
export interface Consent {
  readonly request: AuthorizationRequest;
  readonly grant: Grant;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** The parameters with which a code is redeemed. */
export interface CodeForm {
  readonly code: string;
  readonly clientId: string;
  /** Absent: not named again, as OAuth 2.1 has it. */
  readonly redirectUri?: string | undefined;
  readonly verifier: string;
}

/** What is made of a key; the refresh token takes its place once that is done. */
export interface Renewal<T> {
  readonly made: T;
  readonly refreshToken: string;
}

/**
 * The clients that a person has let in. Each holds a key that was derived from the token of the person: that is
 * what is listed, limited, audited and revoked. The client never gets that key, only codes and refresh tokens that open
 * it here. A code works once, and a refresh token until its successor was used. One that is presented after that was
 * copied, so the key is revoked.
 */
export interface Connections {
  /** Derives the key, and returns a code. @throws {AuthError} as `Auth.exchange` does */
  allow(consent: Consent, by: Principal, actor: AuditActor): Promise<string>;
  /** Calls `make` with the key of a code. @throws {OAuthError} `invalid_grant`; what `make` throws */
  redeem<T>(form: CodeForm, make: (key: string) => Promise<T>): Promise<Renewal<T>>;
  /** Calls `make` with the key of a refresh token. @throws as `redeem` */
  refresh<T>(text: string, clientId: string, make: (key: string) => Promise<T>): Promise<Renewal<T>>;
  /** Ends the connection of a refresh token; false for a text that is none. */
  revoke(text: string): Promise<boolean>;
  /** Ends connections whose code was not redeemed, and forgets those whose tokens have ended. */
  sweep(): Promise<void>;
}

export interface ConnectionsOptions {
  readonly auth: Pick<Auth, 'exchange' | 'revoke' | 'operator'>;
  readonly store: ConnectionStore;
  readonly secrets: ConnectionSecrets;
  readonly clock: Clock;
  readonly audit: AuditSink;
  /** Whether one of the tokens with these ids has ended. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
}

const purposeOf = (id: string): string => `oauth connection ${id}`;

export function createConnections({ auth, store, secrets, clock, audit, hasEnded }: ConnectionsOptions): Connections {
  async function end({ id, tokenId }: Connection): Promise<void> {
    try {
      await auth.revoke(tokenId, auth.operator());
    } catch (error) {
      if (!(error instanceof TokenNotFoundError)) throw error;
    }
    await reachStore(() => store.remove(id));
  }

  /** Something that works once was presented again: of the two that have it, one has stolen it. */
  async function endReused(connection: Connection, what: string): Promise<OAuthError> {
    const { tokenId: subject, clientId } = connection;
    await end(connection);
    await audit({ type: 'oauth.reused', actor: {}, subject, details: { what, client: shorten(clientId) } });
    return refused(`The ${what} was used before. It may have been stolen, so the connection was ended.`);
  }

  /** Denies, and ends the connection: its code was known to a program that is not the client. */
  async function spoil(connection: Connection, why: string): Promise<OAuthError> {
    await end(connection);
    return refused(why);
  }

  const find = async ({ connection }: PresentedSecret): Promise<Connection | undefined> =>
    reachStore(() => store.find(connection));

  async function renew<T>(
    { id, refreshDigest }: Connection,
    used: { readonly text: string; readonly sealed: string; readonly keepsAs?: string },
    make: (key: string) => Promise<T>,
  ): Promise<Renewal<T> | undefined> {
    const key = await secrets.sealer(used.text).open(purposeOf(id), used.sealed);
    let made: T;
    try {
      made = await make(key);
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw new OAuthError('invalid_grant', `The connection has ended: ${error.message}`, { cause: error });
    }
    const refreshToken = secrets.createRefreshToken(id);
    const next = {
      digest: secrets.digest(refreshToken),
      sealed: await secrets.sealer(refreshToken).seal(purposeOf(id), key),
    };
    const former = used.keepsAs === undefined ? undefined : { digest: used.keepsAs, sealed: used.sealed };
    return (await reachStore(() => store.renew(id, refreshDigest, next, former))) ? { made, refreshToken } : undefined;
  }

  /**
   * The key as this refresh token opens it. The one before works as well until the present one was used: its answer may
   * have been lost. Undefined for one of which a later one was used.
   */
  function sealedFor({ refreshDigest, sealed, former }: Connection, digest: string): string | undefined {
    if (secrets.isSame(refreshDigest, digest)) return sealed;
    return secrets.isSame(former?.digest, digest) ? former?.sealed : undefined;
  }

  return {
    async allow({ request, grant, expiresAt }, by, actor) {
      const { client, redirectUri, challenge } = request;
      const id = secrets.createId();
      const code = secrets.createCode(id);
      const { token, record } = await auth.exchange({ name: `MCP client: ${client.name}`, grant, expiresAt }, by);
      const now = clock();
      const connection: Connection = {
        id,
        tokenId: record.id,
        rootId: by.rootId,
        clientId: client.id,
        redirectUri,
        challenge,
        codeDigest: secrets.digest(code),
        codeUntil: new Date(now.getTime() + CODE_MILLISECONDS).toISOString(),
        sealed: await secrets.sealer(code).seal(purposeOf(id), token),
        createdAt: now.toISOString(),
      };
      try {
        await reachStore(() => store.add(connection));
        const details = { client: shorten(client.id), redirect: shorten(redirectUri), expiresAt };
        await audit({ type: 'oauth.allowed', actor, subject: record.id, details });
      } catch (error) {
        await auth.revoke(record.id, auth.operator());
        throw error;
      }
      return code;
    },

    async redeem({ code, clientId, redirectUri, verifier }, make) {
      const presented = secrets.readCode(code);
      const connection = presented && (await find(presented));
      if (connection === undefined || !secrets.isSame(connection.codeDigest, presented?.digest)) throw refused(NO_CODE);
      if (connection.refreshDigest !== undefined) throw await endReused(connection, 'code');
      if (clock().toISOString() >= connection.codeUntil) throw await spoil(connection, NO_CODE);
      if (clientId !== connection.clientId) throw await spoil(connection, 'The code is that of another client.');
      if (redirectUri !== undefined && redirectUri !== connection.redirectUri) {
        throw await spoil(connection, 'redirect_uri is not the one that the code was sent to.');
      }
      if (!VERIFIER.test(verifier) || challengeOf(verifier) !== connection.challenge) {
        throw await spoil(connection, 'code_verifier does not belong to the code.');
      }
      const renewed = await renew(connection, { text: code, sealed: connection.sealed }, make);
      if (renewed === undefined) throw await endReused(connection, 'code');
      return renewed;
    },

    async refresh(text, clientId, make) {
      const presented = secrets.readRefreshToken(text);
      const connection = presented && (await find(presented));
      if (presented === undefined || connection === undefined) throw refused(NO_TOKEN);
      const { digest } = presented;
      const sealed = sealedFor(connection, digest);
      if (sealed === undefined) throw await endReused(connection, 'refresh token');
      if (clientId !== connection.clientId) throw refused('The refresh token is that of another client.');
      const renewed = await renew(connection, { text, sealed, keepsAs: digest }, make);
      if (renewed === undefined) throw new ServerError('STORE_UNAVAILABLE', BUSY);
      return renewed;
    },

    async revoke(text) {
      const presented = secrets.readRefreshToken(text);
      if (presented === undefined) return false;
      const connection = await find(presented);
      if (connection !== undefined) await end(connection);
      return true;
    },

    async sweep() {
      const now = clock().toISOString();
      for (const connection of await store.all()) {
        if (connection.refreshDigest === undefined && connection.codeUntil <= now) await end(connection);
        else if (await hasEnded([connection.rootId, connection.tokenId])) await store.remove(connection.id);
      }
    },
  };
}

const NO_CODE = 'The code is not known, or its minute is over.';
const BUSY = 'Another request of the same client was renewing its tokens. Try again.';
const NO_TOKEN = 'The refresh token is not known, or its connection has ended.';

const refused = (why: string): OAuthError => new OAuthError('invalid_grant', why);

/** The id of a client that registered itself is long. */
const shorten = (text: string): string => text.slice(0, 200);

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
