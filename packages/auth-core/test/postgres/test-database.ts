import { Client } from 'pg';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** A request to it is answered with an empty PostgreSQL database, `{ url, name }`. */
    readonly testDatabases: string;
  }
}

/** A PostgreSQL database of a test file's own. */
export interface TestDatabase {
  /** What it runs on, for titles. */
  readonly name: string;
  readonly url: string;
  /** Whether connections work side by side; in PGlite they take turns. */
  readonly parallel: boolean;
  /** Removes all that is in it. */
  clear(): Promise<void>;
}

const EMPTY = 'drop schema public cascade; create schema public';
/** Transactions that a failed test has left open would be in the way of the next one. */
const END_FORGOTTEN = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and xact_start < now() - interval '15 seconds'`;

/** Makes an empty database, which ends with the test run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const response = await fetch(inject('testDatabases'), { method: 'POST' });
  if (!response.ok) throw new Error(`No PostgreSQL for this test: ${await response.text()}`);
  const { name, url } = (await response.json()) as { readonly name: string; readonly url: string };
  return {
    name,
    url,
    parallel: !name.includes('PGlite'),
    async clear() {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`${END_FORGOTTEN}; ${EMPTY}`).finally(() => client.end());
    },
  };
}
