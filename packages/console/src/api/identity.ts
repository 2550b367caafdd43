import { call, SESSIONS_PATH } from './call.ts';
import { forgetSession, keepSession } from './session-store.ts';

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

/** Ends the session. The page forgets its key in any case. */
export async function signOut(): Promise<void> {
  try {
    await call('DELETE', `${SESSIONS_PATH}/current`);
  } finally {
    forgetSession();
  }
}

/** Whether the caller's grants have an action. It decides what the console shows; the server decides what is allowed. */
export const mayDo = ({ authority }: Identity, action: string): boolean =>
  authority.every(({ grant: { actions = [] } }) => actions.includes('*') || actions.includes(action));
