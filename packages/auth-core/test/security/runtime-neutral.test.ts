import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).pathname;
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"\s]+)['"]/g;

function listImports(file: string): string[] {
  return Array.from(readFileSync(join(source, file), 'utf8').matchAll(IMPORT), ([, name = '']) => name);
}

describe('the core', () => {
  const files = globSync('**/*.ts', { cwd: source });

  it('imports nothing of Node outside the stores, the client of the contract of adapters and the contract of crashes', () => {
    const users = files.filter((file) => listImports(file).some((name) => name.startsWith('node:')));
    expect(users.sort()).toEqual([
      'stores/kysely/node-sqlite-dialect.ts',
      'stores/postgres/watch-postgres-tokens.ts',
      'testing/adapter-client.ts',
      'testing/crash-contract.ts',
    ]);
  });

  it('imports other packages only behind the doors that are theirs', () => {
    const foreign = files.flatMap((file) => listImports(file).map((name) => `${file.split('/')[0]}: ${name}`));
    const packages = foreign.filter((line) => !/: (?:\.|node:)/.test(line));
    expect([...new Set(packages)].filter((line) => !line.includes('@latchkey/')).sort()).toEqual([
      'jwt: jose',
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
    expect([...reached].filter((file) => /^(?:http|jwt|stores|patterns|testing)\//.test(file))).toEqual([]);
  });
});
