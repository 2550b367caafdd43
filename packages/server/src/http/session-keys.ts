import { SESSION_MILLISECONDS } from '../sessions/console-sessions.ts';
import type { SessionKeys } from '../sessions/session.ts';
import type { RequestContext } from './request-context.ts';

/** The header with the secret that the page holds. Every request of the console has it, with or without a session. */
const PAGE_KEY = 'latchkey-page-key';
const COOKIE = 'latchkey-session';
/** What a browser keeps while its person is at the provider of OpenID Connect. */
const SIGN_IN_COOKIE = 'latchkey-sign-in';
/** Browsers accept a cookie with this prefix only over TLS and only from the host itself. */
const HOST_PREFIX = '__Host-';

type Head = Pick<RequestContext, 'header' | 'get'>;

/** Whether a request comes from a page of the console. */
export const isConsoleCall = (context: Pick<RequestContext, 'header'>): boolean => context.header(PAGE_KEY).length > 0;

/** The scheme by which a page of this server reached it; undefined when the request names no page, or a foreign one. */
export function ownScheme(context: Head): 'http' | 'https' | undefined {
  const [origin, host] = [context.get('origin'), context.get('host')];
  if (host === undefined || origin === undefined) return undefined;
  if (origin === `https://${host}`) return 'https';
  return origin === `http://${host}` ? 'http' : undefined;
}

/**
 * Reads the two secrets of a session: the cookie, and the header that only a page of this server can send. Undefined
 * when one is missing, and for a page of another origin, also an allowed one.
 */
export function readSessionKeys(context: Head): SessionKeys | undefined {
  const [pageKey, ...others] = context.header(PAGE_KEY);
  if (pageKey === undefined || others.length > 0) return undefined;
  if (context.get('origin') !== undefined && ownScheme(context) === undefined) return undefined;
  const cookies = readCookies(context, COOKIE);
  return cookies.length === 0 ? undefined : { cookies, pageKey };
}

/** The values of the cookie of a sign-in that is under way. */
export const readSignInCookies = (context: Head): readonly string[] => readCookies(context, SIGN_IN_COOKIE);

/** All values of a cookie: a program at another port, or on a subdomain, may have set one of its own. */
function readCookies(context: Head, base: string): readonly string[] {
  const name = cookieName(context, base);
  const pairs = context.header('cookie').flatMap((line) => line.slice(0, 8192).split(';'));
  return [`${HOST_PREFIX}${name}`, name].flatMap((wanted) =>
    pairs.map((pair) => pair.trim().split('=')).flatMap(([key, value = '']) => (key === wanted ? [value] : [])),
  );
}

/**
 * The `Set-Cookie` of a new session. Scripts cannot read it, and pages of other sites do not send it.
 *
 * @param isSecure whether the browser is here over TLS; by the page that asks, when left out
 */
export const sessionCookie = (context: Head, value: string, isSecure = ownScheme(context) === 'https'): string =>
  setCookie(cookieName(context, COOKIE), value, { isSecure, seconds: SESSION_MILLISECONDS / 1000 });

/** The `Set-Cookie`s that remove the cookie of a session. */
export const noSessionCookie = (context: Head): readonly string[] =>
  [true, false].map((isSecure) => setCookie(cookieName(context, COOKIE), '', { isSecure, seconds: 0 }));

/** The `Set-Cookie` of a sign-in that is under way. The browser sends it when the provider's page leads back here. */
export const signInCookie = (context: Head, value: string, lasts: Pick<Lasting, 'isSecure' | 'seconds'>): string =>
  setCookie(cookieName(context, SIGN_IN_COOKIE), value, { ...lasts, sameSite: 'Lax' });

interface Lasting {
  readonly isSecure: boolean;
  /** 0 removes the cookie. */
  readonly seconds: number;
  readonly sameSite?: 'Lax' | 'Strict';
}

function setCookie(name: string, value: string, { isSecure, seconds, sameSite = 'Strict' }: Lasting): string {
  const secured = `${isSecure ? HOST_PREFIX : ''}${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly`;
  return `${secured}; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`;
}

/** Browsers send a cookie to all ports of a host, so each server there needs a name of its own. */
function cookieName(context: Head, base: string): string {
  const [, port] = /:(\d{1,5})$/.exec(context.get('host') ?? '') ?? [];
  return port === undefined ? base : `${base}-${port}`;
}
