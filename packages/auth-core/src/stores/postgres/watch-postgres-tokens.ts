import { setTimeout } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { TokenStore } from '../../store/token-store.ts';
import { TOKEN_CHANNEL } from '../kysely/token-channel.ts';
import { toConfig } from './open-postgres.ts';

const CONNECT_MILLISECONDS = 5000;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 5000;

/**
 * The `watch` of a token store on PostgreSQL: hears of changed tokens by `LISTEN`, on a connection of its own, which
 * must reach the database itself or a pooler in session mode.
 *
 * The database tells the id of a token and nothing else, in the transaction that changes it (a trigger of
 * `tokenMigrations` does it, so by hand it works as well). A connection that breaks, or that could not be made, is made
 * again after 0.1 to 5 seconds, the first one too: the promise never rejects, and resolves once the first attempt is
 * over. What is missed meanwhile is not told later: verification looks into the store at least every second, so that a
 * revoked token ends then.
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
    // A database that is away when a server starts must not leave that server deaf for good.
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
  /** Fulfils when it has broken, or was ended. */
  readonly broken: Promise<void>;
  end(): Promise<void>;
}

/** In place of a connection where there is none. */
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
    // A pause that is cut short is the end of the watch.
    const waited = await setTimeout(pause, true, { signal, ref: false }).catch(() => false);
    if (!waited) return NOT_CONNECTED;
    const again = await connect(connection, listener).catch(() => undefined);
    if (again !== undefined) return again;
  }
}
