import type { ClientConfig } from 'pg';
import { pause } from '../../patiently.ts';
import type { TokenChange, TokenStore } from '../../token/token-store.ts';
import { checkNames, type StoreNames } from '../kysely/store-names.ts';
import { createChangeFeed, forgetChanges } from './change-feed.ts';
import { connectListening } from './listening-connection.ts';

const FIRST_PAUSE_MILLISECONDS = 100;
/** Work that runs hears of a revocation within a second after the database is back. */
const LONGEST_PAUSE_MILLISECONDS = 800;

/**
 * The `watch` of a token store on PostgreSQL, on a connection of its own. A trigger of `tokenMigrations` notes each change
 * in the transaction that makes it, also one by hand; the notes are read, up to a thousand at a time, when a notification
 * arrives (`LISTEN`), and every five seconds. Behind a pooler, where notifications do not arrive for certain, they are
 * read every 0.4 seconds. `names` are those of the store.
 *
 * A connection that breaks, or does not answer within five seconds, is replaced after 0.1 to 0.8 seconds, and what was
 * changed meanwhile is read first. This includes the first connection: the promise never rejects, and resolves after the
 * first attempt. Notes are kept for a week.
 *
 * @example
 * ```ts
 * import { createKyselyTokenStore } from '@latchkey/auth-core/stores/kysely';
 * import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
 *
 * const connection = 'postgres://latchkey@db.example.com/latchkey';
 * export const store = createKyselyTokenStore(openPostgres(connection), { watch: watchPostgresTokens(connection) });
 *
 * const stop = await store.watch?.(async (changes) => console.log(`${changes.length} tokens were changed`));
 * await stop?.();
 * ```
 */
export function watchPostgresTokens(
  connection: string | ClientConfig,
  names: StoreNames = {},
): NonNullable<TokenStore['watch']> {
  checkNames(names);
  return async (listener) => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const feed = createChangeFeed(names);
    const { promise: firstAttempt, resolve: endFirstAttempt } = Promise.withResolvers<void>();

    /** An error of the listener must not end the watch, nor report anything again. */
    async function tell(changes: readonly TokenChange[]): Promise<void> {
      await Promise.resolve(listener(changes)).catch(() => undefined);
    }

    /** Listens until the connection breaks, and then rejects, or until the watch is stopped. */
    async function listenOnce(onRead: () => void): Promise<void> {
      const listening = await connectListening(connection, names);
      try {
        await forgetChanges(listening.ask, names);
        while (!signal.aborted) {
          await feed.pull(listening.ask, tell);
          onRead();
          await listening.next(signal);
        }
      } finally {
        await listening.end();
      }
    }

    async function keepListening(): Promise<void> {
      let wait = FIRST_PAUSE_MILLISECONDS;
      while (!signal.aborted) {
        await listenOnce(() => {
          wait = FIRST_PAUSE_MILLISECONDS;
          endFirstAttempt();
        }).catch(endFirstAttempt);
        await pause(wait, signal);
        wait = Math.min(2 * wait, LONGEST_PAUSE_MILLISECONDS);
      }
    }

    const listening = keepListening();
    await firstAttempt;
    return async () => {
      stopping.abort();
      await listening;
    };
  };
}
