import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program that `npx latchkey` starts. */
export const latchkeyPath: string = join(
  dirname(fileURLToPath(import.meta.resolve('@latchkey/server/package.json'))),
  'bin',
  'latchkey.js',
);

export interface CommandOptions {
  /** Variables beside the system's own; those of Latchkey are never inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The text on standard input; empty by default. */
  readonly input?: string;
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[];
}

/** The outcome of a command. */
export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `latchkey` with its output in pipes. */
export function spawnLatchkey(commandArguments: readonly string[], options: CommandOptions = {}): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !/^(LATCHKEY_|LM_API_TOKEN)/.test(name));
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), latchkeyPath, ...commandArguments], {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(own), ...options.environment },
  });
  child.stdin?.end(options.input);
  outliveNothing(child);
  return child;
}

const living = new Set<ChildProcess>();

/** Kills the child when this process ends, so that no child outlives the tests. */
function outliveNothing(child: ChildProcess): void {
  if (process.listenerCount('exit', killLiving) === 0) {
    process.on('exit', killLiving);
    // A test runner that gives up on a test ends its process with this signal. By default, no exit handler runs then.
    process.once('SIGTERM', () => process.exit(143));
  }
  living.add(child);
  child.once('exit', () => living.delete(child));
}

function killLiving(): void {
  for (const child of living) child.kill('SIGKILL');
}

/** Runs `latchkey` and waits for its end. */
export async function runLatchkey(
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const child = spawnLatchkey(commandArguments, options);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}
