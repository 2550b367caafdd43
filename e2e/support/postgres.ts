import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whoever posts here gets a PostgreSQL database that is empty, `{ url, name }`. */
    readonly testDatabases: string;
  }
}

/** An empty PostgreSQL database, which ends with the test run; `name` says what it runs on. */
export async function createDatabase(): Promise<{ readonly url: string; readonly name: string }> {
  const response = await fetch(inject('testDatabases'), { method: 'POST' });
  if (!response.ok) throw new Error(`No PostgreSQL for this test: ${await response.text()}`);
  return (await response.json()) as { readonly url: string; readonly name: string };
}
