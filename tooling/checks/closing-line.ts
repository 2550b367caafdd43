import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one machine-readable line: `N passed, N failed, N skipped`. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
    }
    // A file that could not be run at all has no tests to fail.
    const broken = modules.filter((module) => module.errors().length > 0 && !module.ok()).length;
    const failed = counts.failed + counts.pending + broken;
    process.stdout.write(`\n${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
  }
}
