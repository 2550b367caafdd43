import { expect, it } from 'vitest';
import { readSources } from './sources.ts';

const LIMIT = 450;

it(`no source file is longer than ${LIMIT} lines`, () => {
  const long = readSources(
    '{packages,apps}/*/{src,bin}/**/*.{ts,tsx,js}',
    'bench/**/*.ts',
    'examples/**/*.ts',
    'e2e/**/*.ts',
    'tooling/**/*.{ts,js}',
  )
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > LIMIT);
  expect(long).toEqual([]);
});

it('finds the sources that it measures', () => {
  expect(readSources('packages/*/src/**/*.ts').length).toBeGreaterThan(50);
});
