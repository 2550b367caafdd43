import { AuthError, createAuth, type TokenInfo } from '@latchkey/auth-core';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { findServer, openDataFolder } from '../state/data-folder.ts';
import { openDatabase } from '../state/database.ts';
import { resolveRealPath } from '../state/real-path.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { type ConnectionFlags, connect } from './connection.ts';

export interface NewToken {
  readonly name: string;
  readonly grant: unknown;
  readonly expiresAt?: string;
}

export interface TokenChanges {
  readonly name?: string;
  readonly grant?: unknown;
  readonly expiresAt?: string | null;
}

export type CreatedToken = TokenInfo & { readonly token: string };

/** What the token commands do, wherever the tokens are. */
export interface TokenAdministration {
  create(token: NewToken): Promise<CreatedToken>;
  list(): Promise<readonly TokenInfo[]>;
  show(id: string): Promise<TokenInfo>;
  edit(id: string, changes: TokenChanges): Promise<TokenInfo>;
  revoke(id: string): Promise<TokenInfo>;
}

/**
 * Runs `use` on a running server, or, with `--data` and no server on that folder, on the store itself: whoever may
 * read the folder's secret is its operator.
 */
export async function withTokenAdministration<T>(
  flags: ConnectionFlags,
  environment: Readonly<Record<string, string | undefined>>,
  use: (tokens: TokenAdministration) => Promise<T>,
): Promise<T> {
  const offline = flags.url === undefined && flags.data !== undefined && findServer(flags.data) === undefined;
  if (!offline || flags.data === undefined) return use(remote(connect(flags, environment)));
  await using opened = new AsyncDisposableStack();
  const folder = openDataFolder(flags.data, environment);
  const { tokens } = await openDatabase(folder.database, opened);
  const auth = opened.use(
    createAuth({ store: tokens, digestKey: folder.secret, patterns: re2jsPatterns, resolvePath: resolveRealPath }),
  );
  const operator = auth.operator();
  try {
    return await use({
      create: async (token) => {
        const issued = await auth.issue(token, operator);
        return { ...issued.record, token: issued.token };
      },
      list: () => auth.list(operator),
      show: (id) => auth.show(id, operator),
      edit: (id, changes) => auth.edit(id, changes, operator),
      revoke: (id) => auth.revoke(id, operator),
    });
  } catch (error) {
    if (error instanceof AuthError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

function remote(api: ApiClient): TokenAdministration {
  const path = (id: string): string => `/api/v1/tokens/${encodeURIComponent(id)}`;
  const json = async <T>(method: string, at: string, body?: unknown): Promise<T> =>
    (await api.request(method, at, body)).json() as Promise<T>;
  return {
    create: (token) => json('POST', '/api/v1/tokens', token),
    list: async () => (await json<{ tokens: TokenInfo[] }>('GET', '/api/v1/tokens')).tokens,
    show: (id) => json('GET', path(id)),
    edit: (id, changes) => json('PATCH', path(id), changes),
    revoke: (id) => json('DELETE', path(id)),
  };
}
