import { call, SESSIONS_PATH } from './call.ts';
import { forgetDownloads } from './download-store.ts';
import { forgetSession, type KeptSession, keepSession, keptSession } from './session-store.ts';

/** One grant of a caller's authority. */
export interface GrantEntry {
  readonly source: string;
  readonly grant: { readonly actions?: readonly string[] } & Readonly<Record<string, unknown>>;
}

/** The caller as the server knows it. */
export interface Identity {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
  readonly project: string | null;
  readonly expiresAt: string | null;
  readonly authority: readonly GrantEntry[];
}

interface Started {
  readonly id: string;
  readonly pageKey: string;
}

export const whoami = (): Promise<Identity> => call('GET', '/api/v1/whoami');

/** Signs in with a token, or with a link that `latchkey console` has printed. */
export async function signIn(credential: { readonly token: string } | { readonly link: string }): Promise<Identity> {
  keepSession(await call<Started>('POST', SESSIONS_PATH, { body: credential }));
  return whoami();
}

/** Takes a session that began while its person was at a provider of accounts; one that does not work changes nothing. */
export async function takeSession(session: KeptSession): Promise<Identity> {
  const before = keptSession();
  keepSession(session);
  try {
    return await whoami();
  } catch (error) {
    if (before === undefined) forgetSession();
    else keepSession(before);
    throw error;
  }
}

/** Where a person signs in with an account of elsewhere. */
export interface Provider {
  readonly name: string;
  readonly url: string;
}

/** The provider of accounts; undefined where there is none. */
export async function findProvider(): Promise<Provider | undefined> {
  const { openid } = await call<{ readonly openid: Provider | null }>('GET', '/api/v1/sign-in');
  return openid ?? undefined;
}

/** Ends the session. The page forgets its key and the downloads in any case. */
export async function signOut(): Promise<void> {
  try {
    await call('DELETE', `${SESSIONS_PATH}/current`);
  } finally {
    forgetSession();
    forgetDownloads();
  }
}

/** Whether the caller's grants have an action. It decides what the console shows; the server decides what is allowed. */
export const mayDo = ({ authority }: Identity, action: string): boolean =>
  authority.every(({ grant: { actions = [] } }) => actions.includes('*') || actions.includes(action));
