import type { createHandlers } from './create-handlers.ts';
import { administration } from './http/bodies.ts';
import type { RouteRow } from './http/route.ts';
import { OPENID_CALLBACK_PATH, OPENID_START_PATH } from './openid/open-openid.ts';

const neverOpen = true;

/** The endpoints by which browsers sign in to the console, and out of it. */
export function sessionRoutes({
  openid,
  sessions,
}: Pick<ReturnType<typeof createHandlers>, 'openid' | 'sessions'>): readonly RouteRow[] {
  return [
    // The token, or the link, in the body is the credential.
    {
      method: 'POST',
      path: '/api/v1/sessions',
      idempotency: 'none',
      access: 'public',
      body: administration,
      handler: sessions.start,
    },
    { method: 'GET', path: '/api/v1/sessions', access: 'authenticated', handler: sessions.list },
    {
      method: 'POST',
      path: '/api/v1/sessions/links',
      idempotency: 'none',
      access: 'authenticated',
      neverOpen,
      handler: sessions.link,
    },
    // Possession is sufficient, also of a session whose token has ended.
    {
      method: 'DELETE',
      path: '/api/v1/sessions/current',
      idempotency: 'none',
      access: 'public',
      handler: sessions.signOut,
    },
    {
      method: 'DELETE',
      path: '/api/v1/sessions/:id',
      idempotency: 'kept',
      access: 'authenticated',
      handler: sessions.end,
    },
    { method: 'GET', path: '/api/v1/sign-in', access: 'public', handler: openid.offer },
    { method: 'GET', path: OPENID_START_PATH, access: 'public', handler: openid.start },
    // What the provider has proved is the credential.
    { method: 'GET', path: OPENID_CALLBACK_PATH, access: 'public', handler: openid.callback },
  ];
}
