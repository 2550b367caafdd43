import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program in another process. */
export interface Program {
  readonly lines: AsyncIterable<string>;
  /** The next line of its output. */
  nextLine(): Promise<string>;
  /** Lets it go on where it waits for its input. */
  go(): void;
  kill(): void;
}

/** Starts a program, which sees its input and output and nothing else. */
export function startProgram(source: string): Program {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithThis(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    lines,
    async nextLine() {
      const { done, value } = await lines.next();
      if (done) throw new Error('the program has ended');
      return value;
    },
    go: () => void child.stdin.write('go\n'),
    kill: () => void child.kill('SIGKILL'),
  };
}

const living = new Set<ChildProcess>();

/** Whatever happens to the tests, what they have started must not outlive them. */
function endWithThis(child: ChildProcess): void {
  if (living.size === 0) process.once('exit', killLiving);
  living.add(child);
  child.once('exit', () => {
    living.delete(child);
    if (living.size === 0) process.off('exit', killLiving);
  });
}

function killLiving(): void {
  for (const child of living) child.kill('SIGKILL');
}
