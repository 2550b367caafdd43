import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as server from '../../src/index.ts';

it('the package exports these values and no others', () => {
  expect(Object.keys(server).sort()).toEqual([
    'ConfigError',
    'EngineError',
    'ServerError',
    'createServer',
    'createUpstreamEngine',
    'defineConfig',
    'loadConfig',
    'wireErrorOf',
  ]);
});

it('the package has these doors and no others', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    exports: object;
    bin: object;
  };
  expect(Object.keys(manifest.exports)).toEqual(['.', './testing', './package.json']);
  expect(manifest.bin).toEqual({ latchkey: './bin/latchkey.js' });
});
