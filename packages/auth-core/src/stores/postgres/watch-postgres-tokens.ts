import { setTimeout } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { TokenStore } from '../../token/token-store.ts';
import { TOKEN_CHANNEL } from '../kysely/token-channel.ts';
import { toConfig } from './open-postgres.ts';

const CONNECT_MILLISECONDS = 5000;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 5000;

/**
 * The `watch` of a token store on PostgreSQL: receives the ids of changed tokens by `LISTEN`, on a connection of its
 * own, which must reach the database itself or a pooler in session mode.
 *
 * The database sends the id of a token and nothing else, in the transaction that changes it. A trigger of
 * `tokenMigrations` does this, so changes by hand are reported as well. A connection that breaks or cannot be made is
 * retried after 0.1 to 5 seconds. This includes the first one: the promise never rejects, and resolves after the first
 * attempt. Changes missed meanwhile are not reported later: verification reads the store at least every second, and
 * finds a revoked token then.
 *
 * @example
 * ```ts
 * import { createKyselyTokenStore } from '@latchkey/auth-core/stores/kysely';
 * import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
 *
 * const connection = 'postgres://latchkey@db.example.com/latchkey';
 * export const store = createKyselyTokenStore(openPostgres(connection), { watch: watchPostgresTokens(connection) });
 *
 * const stop = await store.watch?.((id) => console.log(`token ${id} was changed`));
 * await stop?.();
 * ```
 */
export function watchPostgresTokens(connection: string | ClientConfig): NonNullable<TokenStore['watch']> {
  return async (listener) => {
    const stopping = new AbortController();
    // A server that starts while the database is down must begin to listen once the database is back.
    let client = await connect(connection, listener).catch(() => NOT_CONNECTED);

    async function keepListening(): Promise<void> {
      while (!stopping.signal.aborted) {
        await client.broken;
        client = await connectAgain(connection, listener, stopping.signal);
      }
    }

    const listening = keepListening();
    return async () => {
      stopping.abort();
      await client.end();
      await listening;
      await client.end();
    };
  };
}

/** A connection that listens. */
interface Listening {
  /** Resolves when the connection has broken or was closed. */
  readonly broken: Promise<void>;
  end(): Promise<void>;
}

/** Stands for a connection that could not be made. */
const NOT_CONNECTED: Listening = { broken: Promise.resolve(), end: async () => undefined };

async function connect(connection: string | ClientConfig, listener: (id: string) => void): Promise<Listening> {
  const client = new Client({
    application_name: 'latchkey (listening)',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    keepAlive: true,
    ...toConfig(connection),
  });
  const { promise: broken, resolve } = Promise.withResolvers<void>();
  // Without a listener, an error of the connection would end the process.
  client.on('error', () => resolve());
  client.on('end', () => resolve());
  client.on('notification', ({ payload }) => {
    if (payload !== undefined && payload !== '') listener(payload);
  });
  const end = async (): Promise<void> => {
    await client.end().catch(() => undefined);
  };
  try {
    await client.connect();
    await client.query(`listen ${TOKEN_CHANNEL}`);
  } catch (error) {
    await end();
    throw error;
  }
  return { broken, end };
}

async function connectAgain(
  connection: string | ClientConfig,
  listener: (id: string) => void,
  signal: AbortSignal,
): Promise<Listening> {
  for (let pause = FIRST_PAUSE_MILLISECONDS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS)) {
    // An aborted pause ends the watch.
    const waited = await setTimeout(pause, true, { signal, ref: false }).catch(() => false);
    if (!waited) return NOT_CONNECTED;
    const again = await connect(connection, listener).catch(() => undefined);
    if (again !== undefined) return again;
  }
}
