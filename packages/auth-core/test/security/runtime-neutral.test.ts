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

  it('imports nothing of Node outside the stores', () => {
    const users = files.filter((file) => listImports(file).some((name) => name.startsWith('node:')));
    expect(users).toEqual(['stores/kysely/node-sqlite-dialect.ts']);
  });

  it('imports other packages only behind the doors that are theirs', () => {
    const foreign = files.flatMap((file) => listImports(file).map((name) => `${file.split('/')[0]}: ${name}`));
    const packages = foreign.filter((line) => !/: (?:\.|node:)/.test(line));
    expect([...new Set(packages)].filter((line) => !line.includes('@latchkey/')).sort()).toEqual([
      'patterns: re2js',
      'stores: kysely',
    ]);
  });

  it('reaches from its main door neither the stores of databases nor the patterns', () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const name of listImports(file)) if (name.startsWith('.')) visit(join(file, '..', name));
    };
    visit('index.ts');
    expect(reached.size).toBeGreaterThan(20);
    expect([...reached].filter((file) => /^(?:stores|patterns|testing)\//.test(file))).toEqual([]);
  });
});
