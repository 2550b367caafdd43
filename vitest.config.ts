import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tooling/checks/closing-line.ts';

/** Half of the tests' time is waiting for other processes, so the last core is used, too. */
const maxWorkers = Math.max(2, availableParallelism() - 1);
/** What a test waits for comes, or the test has found something: how slow the machine is must not matter. */
const waiting = { poll: { timeout: 15_000 } };

/** Tests that use a server for a minute as many callers do, or start it in every way. */
const KITS = ['e2e/{hostile-caller,operations,soak}/*.test.ts'];
/** Half of the time of a command is reading its modules; the processes of the tests share what was read. */
const compileCache = join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

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
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: waiting,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'examples',
          include: ['examples/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: waiting,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...KITS],
          env: { NODE_COMPILE_CACHE: compileCache },
          testTimeout: 120_000,
          hookTimeout: 60_000,
          expect: waiting,
          // Each file has servers of its own, with a model each.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'kits',
          include: KITS,
          env: { NODE_COMPILE_CACHE: compileCache },
          testTimeout: 120_000,
          // They judge what callers have to wait for, so nothing else runs beside them.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
