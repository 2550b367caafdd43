import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

const require = createRequire(import.meta.url);
const program = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');

/** Maps a scenario, or `scenario:check`, to the reason why it is expected to fail. */
export type ExpectedFailures = Readonly<Record<string, string>>;

/** The outcome of a run of the protocol's conformance suite. */
export interface ConformanceOutcome {
  /** 0 when exactly the expected failures occurred. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs `@modelcontextprotocol/conformance`, without the network, and counts its checks: a run without any check also
 * succeeds.
 *
 * @param folder an empty folder for its results
 */
export async function runConformance(
  side: 'server' | 'client',
  flags: readonly string[],
  expectedFailures: ExpectedFailures,
  folder: string,
): Promise<ConformanceOutcome> {
  const baseline = join(folder, 'expected-failures.yml');
  const results = join(folder, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(baseline, JSON.stringify({ [side]: Object.keys(expectedFailures) }));
  const child = spawn(
    process.execPath,
    [program, side, ...flags, '--expected-failures', baseline, '--output-dir', results],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder },
  );
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  const statuses = readdirSync(results, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('checks.json'))
    .flatMap((file) => JSON.parse(readFileSync(join(results, file), 'utf8')) as { readonly status: string }[])
    .map(({ status }) => status);
  const count = (wanted: string): number => statuses.filter((status) => status === wanted).length;
  return { exitCode, output: output + errors, passed: count('SUCCESS'), failed: count('FAILURE') };
}
