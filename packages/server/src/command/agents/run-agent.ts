import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CommandError } from '../command-error.ts';

/** What the system sends to end a process, and a process can act on. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR2', 'SIGXCPU'] as const;
/** A terminal sends these to the agent as well, which decides what they mean. */
const OF_TERMINALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);
/** How long an agent may take that was sent a signal to end, before it is killed. */
const PATIENCE_MILLISECONDS = 10_000;

export interface AgentProcess {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Takes the signals of this process until it is disposed, so that none ends it before the agent's token has ended. */
export class AgentSignals implements Disposable {
  readonly #listener = (signal: NodeJS.Signals): void => this.#take(signal);
  readonly #hasTerminal: boolean;
  readonly #told = Promise.withResolvers<NodeJS.Signals>();
  #child: ChildProcess | undefined;
  #killing: NodeJS.Timeout | undefined;
  #end: NodeJS.Signals | undefined;

  constructor(hasTerminal: boolean) {
    this.#hasTerminal = hasTerminal;
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** The signal that told this process to end; undefined until then. */
  get end(): NodeJS.Signals | undefined {
    return this.#end;
  }

  /** Resolves when a signal tells this process to end. */
  get told(): Promise<NodeJS.Signals> {
    return this.#told.promise;
  }

  /** Runs the agent on this terminal, and passes on to it what tells this process to end. Resolves with its exit code. */
  async run({ title, program, args, environment }: AgentProcess): Promise<number> {
    const child = spawn(program, args, { stdio: 'inherit', env: environment });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new CommandError(`${title} is not installed here: there is no program '${program}'.`)
          : error,
      ),
    );
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : exitCodeOf(signal))));
    return promise.finally(() => clearTimeout(this.#killing));
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#child !== undefined && this.#hasTerminal && OF_TERMINALS.has(signal)) return;
    this.#end ??= signal;
    this.#told.resolve(signal);
    this.#child?.kill(signal);
    if (this.#child === undefined) return;
    this.#killing ??= setTimeout(() => this.#child?.kill('SIGKILL'), PATIENCE_MILLISECONDS);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}

/** The exit code of a process that a signal has ended, as shells report it. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
