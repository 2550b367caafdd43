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
  it('is at most 26.5 kB with tokens, a memory store and one vocabulary', async () => {
    const core = `export { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';`;
    expect(await weigh(core)).toBeLessThanOrEqual(26_500);
  });

  it('is at most 13 kB for a verifier of access tokens, without the 7 kB of jose', async () => {
    const verifier = `
      export { defineVocabulary, names } from '@latchkey/auth-core';
      export { createAccessTokenVerifier } from '@latchkey/auth-core/jwt';
    `;
    expect(await weigh(verifier, ['jose'])).toBeLessThanOrEqual(13_000);
    expect(await weigh(verifier)).toBeLessThanOrEqual(20_000);
  });
});
