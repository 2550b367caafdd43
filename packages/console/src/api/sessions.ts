import { call, SESSIONS_PATH } from './call.ts';

/** A session of the console. */
export interface Session {
  readonly id: string;
  readonly token: { readonly id: string; readonly name: string; readonly owner: string };
  readonly address: string | null;
  readonly browser: string | null;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly expiresAt: string;
  /** Whether this page uses it. */
  readonly current: boolean;
}

export const listSessions = async (): Promise<readonly Session[]> =>
  (await call<{ readonly sessions: readonly Session[] }>('GET', SESSIONS_PATH)).sessions;

export const endSession = (id: string): Promise<void> => call('DELETE', `${SESSIONS_PATH}/${encodeURIComponent(id)}`);
