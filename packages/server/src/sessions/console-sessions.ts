import { hkdfSync, randomBytes } from 'node:crypto';
import {
  type AuditActor,
  type AuditSink,
  type Clock,
  createSealer,
  type Principal,
  recordAct,
  type Sealer,
} from '@latchkey/auth-core';
import { reachStore } from '../contracts/reach-store.ts';
import type { SessionStore, StoredSession } from './kysely-session-store.ts';
import type { Session, SessionKeys } from './session.ts';

const HOUR_MILLISECONDS = 3_600_000;
/** A session that is not used for so long has ended. */
const IDLE_MILLISECONDS = 12 * HOUR_MILLISECONDS;
/** How long a session can last. */
export const SESSION_MILLISECONDS = 7 * 24 * HOUR_MILLISECONDS;
/** A use is recorded once in this time. */
const TOUCH_MILLISECONDS = 60_000;
/** The sessions of one root token; one more ends the one that was used the longest time ago. */
const MOST_SESSIONS = 32;
/** More cookies of one name than this are not tried. */
const MOST_COOKIES = 4;
const BROWSER_CHARACTERS = 200;

/** A session that is to be started. */
export interface NewSession {
  readonly token: string;
  /** The token, verified. */
  readonly principal: Pick<Principal, 'kind' | 'id' | 'tokenId' | 'rootId' | 'chain' | 'name' | 'owner'>;
  readonly actor: AuditActor;
  readonly address?: string;
  readonly browser?: string;
  /** How long it can last, in milliseconds; a week when left out. */
  readonly milliseconds?: number;
}

/** A session that was just started, with its two secrets, which are shown once. */
export interface StartedSession {
  readonly session: Session;
  readonly cookie: string;
  readonly pageKey: string;
}

/** A session whose two secrets were presented. */
export interface OpenedSession {
  readonly session: Session;
  readonly token: string;
}

/** Why a session ends: its user has signed out, a caller has ended it, another one took its place, its token has ended. */
export type SessionEnd = 'signed out' | 'ended' | 'replaced' | 'token ended';

/**
 * The sessions of the console. A session holds a token encrypted, with a key that is made of the secret of the
 * installation and the two secrets of the session: the database and the secret together do not show it.
 */
export interface ConsoleSessions {
  /** @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE` when the audit log takes no entry; `AUTH_STORE_UNAVAILABLE` */
  start(session: NewSession): Promise<StartedSession>;
  /** Opens a session with its two secrets; undefined when there is none, when it has ended, and for a wrong secret. */
  open(keys: SessionKeys): Promise<OpenedSession | undefined>;
  /** Whether a session that was opened has not ended since. */
  isOpen(id: string): Promise<boolean>;
  /** The sessions of a token and of tokens that were derived from it, in the order of their last use. */
  list(member: string): Promise<readonly Session[]>;
  /** Ends a session; false when it has ended before. */
  end(id: string, why: SessionEnd, actor: AuditActor): Promise<boolean>;
  /** Calls a listener when a session is ended in this process. Returns a function that stops this. */
  onEnded(id: string, listener: () => void): () => void;
  /** Removes the sessions that have ended by time, and those whose tokens have ended. */
  sweep(): Promise<void>;
}

export interface ConsoleSessionsOptions {
  readonly store: SessionStore;
  /** The present secret, which new sessions are sealed with, and former ones. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]];
  readonly clock: Clock;
  readonly audit: AuditSink;
  /** Whether one of the tokens with these ids has ended. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
}

const COOKIE = /^([\w-]{22})\.([\w-]{43})$/;
const PAGE_KEY = /^[\w-]{43}$/;

const createId = (): string => randomBytes(16).toString('base64url');
const createKey = (): string => randomBytes(32).toString('base64url');
const purposeOf = (id: string): string => `console session ${id}`;

export function createConsoleSessions(options: ConsoleSessionsOptions): ConsoleSessions {
  const { store, secrets, clock, audit, hasEnded } = options;
  const listeners = new Map<string, Set<() => void>>();
  /** Sessions that are being ended, and those whose end could not be stored yet. */
  const denied = new Set<string>();

  const isOver = ({ usedAt, expiresAt }: Session): boolean => {
    const now = clock().getTime();
    return now >= Date.parse(expiresAt) || now >= Date.parse(usedAt) + IDLE_MILLISECONDS;
  };

  function sealerOf(cookieKey: string, pageKey: string): Sealer {
    const derive = (secret: Uint8Array) =>
      new Uint8Array(hkdfSync('sha256', secret, `${cookieKey}.${pageKey}`, 'latchkey console session', 32));
    return createSealer(secrets.map(derive));
  }

  async function find(id: string): Promise<StoredSession | undefined> {
    const stored = await reachStore(() => store.find(id));
    return stored === undefined || denied.has(id) || isOver(stored) ? undefined : stored;
  }

  /** Denied in this process first, also when the database or the log does not answer. */
  async function end(id: string, why: SessionEnd, actor: AuditActor): Promise<boolean> {
    denied.add(id);
    for (const listener of listeners.get(id) ?? []) listener();
    listeners.delete(id);
    const session = await reachStore(() => store.find(id));
    if (session === undefined) {
      denied.delete(id);
      return false;
    }
    const entry = { type: 'session.ended', actor, subject: id, details: { token: session.token.id, why } };
    const ended = await recordAct(
      audit,
      entry,
      (transaction) => reachStore(() => store.remove(id, transaction)),
      store.database,
    );
    denied.delete(id);
    return ended;
  }

  /** Opens one session with one cookie. */
  async function openOne(cookie: string, pageKey: string): Promise<OpenedSession | undefined> {
    const [, id = '', cookieKey = ''] = COOKIE.exec(cookie) ?? [];
    const stored = id === '' ? undefined : await find(id);
    if (stored === undefined) return undefined;
    const { sealed, ...session } = stored;
    // A wrong secret gives another key, with which nothing can be opened.
    const token = await sealerOf(cookieKey, pageKey)
      .open(purposeOf(id), sealed)
      .catch(() => undefined);
    if (token === undefined) return undefined;
    const now = clock();
    // That a use was not recorded is no reason to refuse it.
    if (now.getTime() - Date.parse(session.usedAt) > TOUCH_MILLISECONDS) {
      await store.touch(id, now.toISOString()).catch(() => undefined);
    }
    return { session, token };
  }

  return {
    async start({ token, principal, actor, address, browser, milliseconds = SESSION_MILLISECONDS }) {
      const { kind, id: tokenId, rootId, chain, name, owner } = principal;
      const [id, cookieKey, pageKey] = [createId(), createKey(), createKey()];
      const now = clock();
      const session: Session = {
        id,
        rootId,
        chain,
        // An access token is replaced every few minutes, so the token that it was derived from is shown.
        token: { id: kind === 'access' ? principal.tokenId : tokenId, name, owner },
        ...(address === undefined ? {} : { address }),
        ...(browser === undefined ? {} : { browser: browser.slice(0, BROWSER_CHARACTERS) }),
        createdAt: now.toISOString(),
        usedAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + milliseconds).toISOString(),
      };
      const sealed = await sealerOf(cookieKey, pageKey).seal(purposeOf(id), token);
      const others = await reachStore(() => store.list(rootId));
      for (const other of others.slice(MOST_SESSIONS - 1)) await end(other.id, 'replaced', actor);
      await recordAct(
        audit,
        { type: 'session.started', actor, subject: id, details: { token: session.token.id } },
        async (transaction) => {
          await reachStore(() => store.add({ ...session, sealed }, transaction));
          return true;
        },
        store.database,
      );
      return { session, cookie: `${id}.${cookieKey}`, pageKey };
    },

    async open({ cookies, pageKey }) {
      if (!PAGE_KEY.test(pageKey)) return undefined;
      for (const cookie of cookies.slice(0, MOST_COOKIES)) {
        const opened = await openOne(cookie, pageKey);
        if (opened !== undefined) return opened;
      }
      return undefined;
    },

    isOpen: async (id) => (await find(id)) !== undefined,

    async list(member) {
      const sessions = await reachStore(() => store.list(member));
      return sessions.filter((session) => !isOver(session)).map(({ sealed: _, ...session }) => session);
    },

    end,

    onEnded(id, listener) {
      const known = listeners.get(id) ?? new Set();
      listeners.set(id, known.add(listener));
      return () => {
        known.delete(listener);
        if (known.size === 0 && listeners.get(id) === known) listeners.delete(id);
      };
    },

    async sweep() {
      for (const session of await store.all()) {
        if (isOver(session)) await store.remove(session.id);
        else if (await hasEnded(session.chain)) await end(session.id, 'token ended', {});
      }
    },
  };
}
