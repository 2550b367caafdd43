import { Readable } from 'node:stream';
import { vi } from 'vitest';
import { main } from '../../../src/command/cli.ts';

/** What a command has written, and how it ended. */
export interface Written {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface Surroundings {
  /** Whether both outputs are a terminal. */
  readonly isTerminal: boolean;
  readonly input: string;
  /** Whether the input comes from a terminal as well. */
  readonly hasPerson?: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs the whole command line as the program does, in this process. */
export async function runCommand(
  args: readonly string[],
  { isTerminal, input, hasPerson = false, environment }: Surroundings,
): Promise<Written> {
  const written = { stdout: '', stderr: '' };
  using restored = new DisposableStack();
  for (const name of ['stdout', 'stderr'] as const) {
    const write = vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    });
    const { isTTY } = process[name];
    process[name].isTTY = isTerminal;
    restored.defer(() => {
      write.mockRestore();
      process[name].isTTY = isTTY;
    });
  }
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin');
  Object.defineProperty(process, 'stdin', {
    value: Object.assign(Readable.from([input]), { isTTY: hasPerson }),
    configurable: true,
  });
  restored.defer(() => stdin && Object.defineProperty(process, 'stdin', stdin));
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  restored.defer(() => vi.unstubAllEnvs());
  const { exitCode } = process;
  process.exitCode = 0;
  restored.defer(() => {
    process.exitCode = exitCode;
  });
  const before = process.stdout.listeners('error');
  await main(['node', 'latchkey', ...args]);
  for (const added of process.stdout.listeners('error').filter((listener) => !before.includes(listener))) {
    process.stdout.off('error', added as (error: Error) => void);
  }
  return { ...written, exitCode: Number(process.exitCode) };
}
