import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { root } from './sources.ts';

/** The size of an entry in a bundle: its bytes, minified and gzipped. */
async function weigh(entry: string, external: readonly string[] = []): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: join(root, 'tooling') },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    external: [...external],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

/* README.md of auth-core names these figures. Code that makes one larger belongs in a separate entry point. */
describe('the weight of auth-core in a bundle', () => {
  it('is at most 29.6 kB with tokens, a memory store and one vocabulary', async () => {
    const core = `export { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';`;
    expect(await weigh(core)).toBeLessThanOrEqual(29_600);
  });

  it('is at most 11 kB for a verifier of access tokens, without the 6 kB of jose', async () => {
    const verifier = `
      export { defineVocabulary, names } from '@latchkey/auth-core';
      export { createAccessTokenVerifier } from '@latchkey/auth-core/jwt';
    `;
    expect(await weigh(verifier, ['jose'])).toBeLessThanOrEqual(11_000);
    expect(await weigh(verifier)).toBeLessThanOrEqual(16_700);
  });
});

describe('the weight of the console', () => {
  it('is at most 100 kB for its first page', () => {
    const built = join(root, 'packages/console/dist');
    const page = readFileSync(join(built, 'index.html'), 'utf8');
    const files = [...page.matchAll(/(?:src|href)="\/console\/([^"]+)"/g)].map(([, file = '']) => file);
    expect(files.filter((file) => /\.(js|css)$/.test(file)).length).toBeGreaterThanOrEqual(2);
    const weights = ['index.html', ...files].map((file) => gzipSync(readFileSync(join(built, file))).length);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(100_000);
  });
});
