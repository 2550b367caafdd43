import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** A POST to this URL creates an empty PostgreSQL database and returns `{ url, name }`. */
    readonly testDatabases: string;
  }
}

/** An empty PostgreSQL database, which is removed after the test run; `name` is what it runs on. */
export async function createDatabase(): Promise<{ readonly url: string; readonly name: string }> {
  const response = await fetch(inject('testDatabases'), { method: 'POST' });
  if (!response.ok) throw new Error(`No PostgreSQL for this test: ${await response.text()}`);
  return (await response.json()) as { readonly url: string; readonly name: string };
}
