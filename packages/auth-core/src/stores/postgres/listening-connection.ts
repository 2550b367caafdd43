import { Client, type ClientConfig } from 'pg';
import { channelOf, type StoreNames } from '../kysely/store-names.ts';
import { cutConnection, withEnd } from './bounded-pool.ts';
import type { Ask } from './change-feed.ts';
import { toConfig } from './open-postgres.ts';

const CONNECT_MILLISECONDS = 5000;
/** How long an answer may take before the connection counts as dead. */
const ANSWER_MILLISECONDS = 5000;
/** How long to wait for a notification before asking anyway: a connection that is dead does not say so. */
const QUIET_MILLISECONDS = 5000;
/** How often to ask where notifications do not arrive. */
const POLL_MILLISECONDS = 400;
/** How long to wait for the other end to close the connection. */
const END_MILLISECONDS = 1000;

/** A connection on which changes are heard of. */
export interface ListeningConnection {
  readonly ask: Ask;
  /** Resolves when it is time to ask for changes; rejects when the connection has broken. */
  next(signal: AbortSignal): Promise<void>;
  end(): Promise<void>;
}

/**
 * Connects, and listens where the connection leads to the database itself. Behind a pooler, which may lend the session
 * to others, a notification reaches nothing for certain: there, `next` is a short pause.
 */
export async function connectListening(
  connection: string | ClientConfig,
  names: StoreNames,
): Promise<ListeningConnection> {
  const {
    statement_timeout: _,
    idle_in_transaction_session_timeout: __,
    query_timeout: ___,
    ...config
  }: ClientConfig = toConfig(connection);
  const client = new Client({
    application_name: 'latchkey (listening)',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    keepAlive: true,
    ...config,
  });
  let hasNews = false;
  let broken = false;
  let wake: () => void = () => undefined;

  function fail(): void {
    broken = true;
    wake();
  }
  // Without a listener, an error of the connection would end the process.
  client.on('error', fail);
  client.on('end', fail);
  client.on('notification', () => {
    hasNews = true;
    wake();
  });

  const ask: Ask = async (question, values) =>
    (await withEnd(client, ANSWER_MILLISECONDS, () => client.query(question, [...values]))).rows;

  async function end(): Promise<void> {
    const timer = setTimeout(() => cutConnection(client), END_MILLISECONDS);
    await client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  let quiet = POLL_MILLISECONDS;
  try {
    await client.connect();
    const { processID = 0 } = client as { readonly processID?: number };
    const [session] = await ask<{ own: boolean }>('select pg_backend_pid() = $1::int as own', [processID]);
    if (session?.own) {
      quiet = QUIET_MILLISECONDS;
      await ask(`listen "${channelOf(names)}"`, []);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    ask,
    async next(signal) {
      if (!(hasNews || broken || signal.aborted)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, quiet);
        timer.unref();
        wake = () => resolve();
        signal.addEventListener('abort', wake, { once: true });
        await promise;
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
      }
      if (broken) throw new Error('the connection has broken');
      hasNews = false;
    },
    end,
  };
}
