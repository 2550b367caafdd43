import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).pathname;
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"\s]+)['"]/g;

/** Imports of the code, not those of examples in its comments. */
function listImports(file: string): string[] {
  const code = readFileSync(join(source, file), 'utf8').replace(/^ *\/?\*.*$/gm, '');
  return Array.from(code.matchAll(IMPORT), ([, name = '']) => name);
}

describe('the core', () => {
  const files = globSync('**/*.ts', { cwd: source });

  it('imports nothing of Node outside the doors that need it: files, SQLite, PostgreSQL, and the client of a contract', () => {
    const users = files.filter((file) => listImports(file).some((name) => name.startsWith('node:')));
    expect(users.sort()).toEqual([
      'open/open-auth.ts',
      'open/read-secret.ts',
      'private-files/private-file.ts',
      'private-files/private-path.ts',
      'stores/postgres/bounded-pool.ts',
      'stores/sqlite/open-sqlite.ts',
      'stores/sqlite/own-transactions.ts',
      'stores/sqlite/read-only-file.ts',
      'stores/sqlite/same-file.ts',
      'stores/sqlite/sqlite-driver.ts',
      'stores/sqlite/while-busy.ts',
      'testing/adapter-client.ts',
    ]);
  });

  it('imports other packages only behind the doors that are theirs', () => {
    const foreign = files.flatMap((file) => listImports(file).map((name) => `${file.split('/')[0]}: ${name}`));
    const packages = foreign.filter((line) => !/: (?:\.|node:)/.test(line));
    expect([...new Set(packages)].filter((line) => !line.includes('@latchkey/')).sort()).toEqual([
      'adapters: express',
      'adapters: fastify',
      'adapters: hono',
      'jwt: jose',
      'open: kysely',
      'patterns: re2js',
      'stores: kysely',
      'stores: pg',
    ]);
    const drivers = files.filter((file) => listImports(file).includes('pg'));
    expect(drivers.filter((file) => !file.startsWith('stores/postgres/'))).toEqual([]);
  });

  it('reaches from its main door neither HTTP, nor JWT, nor the stores of databases, nor the patterns', () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const name of listImports(file)) if (name.startsWith('.')) visit(join(file, '..', name));
    };
    visit('index.ts');
    expect(reached.size).toBeGreaterThan(20);
    expect(
      [...reached].filter((file) =>
        /^(?:adapters|http|import|jwt|keys|open|patterns|private-files|stores|testing|token-api)\//.test(file),
      ),
    ).toEqual([]);
  });
});
