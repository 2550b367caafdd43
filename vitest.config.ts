import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tooling/checks/closing-line.ts';

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    // Has databases for those tests that ask for one.
    globalSetup: ['packages/auth-core/test/postgres/global-setup.ts'],
    // Switched on by `npm test`: what decides and what verifies is covered branch by branch.
    coverage: {
      provider: 'v8',
      include: ['packages/auth-core/src/{authority,limits,verification}/**'],
      // Silent unless something is missing; the last line of a run is the count of its tests.
      reporter: [],
      thresholds: { branches: 100 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tooling/checks/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'examples',
          include: ['examples/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
