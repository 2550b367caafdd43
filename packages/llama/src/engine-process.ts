import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './child-environment.ts';
import type { EngineCommand, EngineReport } from './protocol.ts';
import { Watchdog } from './watchdog.ts';

/** How much of the engine's standard error is kept, in characters. */
const REMEMBERED_OUTPUT = 4000;

/** How long a process may take to free its memory by itself before it is killed. */
const GRACE_MILLISECONDS = 5000;

/** How long a process with work may send nothing before it is killed. */
export const SILENCE_MILLISECONDS = 30_000;

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const CHILD_ENTRY = fileURLToPath(new URL(`./child/main.${extension}`, import.meta.url));

/** Prevents a signal from opening a debugger in an engine. */
const WITHOUT_DEBUGGER = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : [];

/** How an engine process ended, as reported by the system. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Whether it was killed because it sent nothing while it had work. */
  readonly wasSilent: boolean;
  /** When it did not start: the system's reason, e.g. `EAGAIN`. */
  readonly startError?: string;
  /** The last lines that it wrote to standard error. */
  readonly output: string;
}

/** The options of an engine process. */
export interface EngineProcessOptions {
  /** Shown in the process list, e.g. the model's key. */
  readonly title: string;
  readonly silenceMilliseconds?: number;
  readonly onReport: (report: EngineReport) => void;
  readonly onEnd: (end: ProcessEnd) => void;
}

/**
 * One child process that runs llama.cpp. A crash or a kill by the system affects only this process, and all its memory
 * is freed when it ends. It ends by itself when its parent does, and is killed when it sends nothing while it has work.
 */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #watchdog: Watchdog;
  #output = '';
  #wasSilent = false;

  constructor(options: EngineProcessOptions) {
    this.#child = fork(CHILD_ENTRY, ['latchkey-engine', options.title, String(process.pid)], {
      execArgv: WITHOUT_DEBUGGER,
      env: childEnvironment(process.env),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-REMEMBERED_OUTPUT);
    });
    const { silenceMilliseconds = SILENCE_MILLISECONDS } = options;
    this.#watchdog = new Watchdog(
      {
        ask: () => this.send({ type: 'ask' }),
        giveUp: () => {
          const note = `\nended: it said nothing for ${silenceMilliseconds / 1000} seconds while it had work`;
          this.#output = (this.#output + note).slice(-REMEMBERED_OUTPUT);
          this.#wasSilent = true;
          this.kill();
        },
      },
      silenceMilliseconds,
    );
    this.#child.on('message', (message) => {
      this.#watchdog.heard();
      const report = message as EngineReport;
      if (report.type !== 'alive') options.onReport(report);
    });
    this.#ended = new Promise((resolve) => {
      let over = false;
      const end = (exitCode: number | null, signal: string | null, startError?: string): void => {
        if (over) return;
        over = true;
        this.#watchdog.stop();
        resolve();
        const why = startError === undefined ? {} : { startError };
        options.onEnd({ exitCode, signal, wasSilent: this.#wasSilent, output: this.#output, ...why });
      };
      this.#child.on('exit', (exitCode, signal) => end(exitCode, signal));
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        this.#output = (this.#output + error.message).slice(-REMEMBERED_OUTPUT);
        if (this.#child.pid === undefined) end(null, null, error.code);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process has ended, for any reason. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Marks the process as working until the result is disposed. While it works, it must not fall silent. */
  work(): Disposable {
    return this.#watchdog.work();
  }

  /**
   * Sends a command; ignored when the process has ended, which `onEnd` reports. Throws for a value that is not JSON.
   */
  send(command: EngineCommand): void {
    if (this.#child.connected) this.#child.send(command, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Lets the process free its memory and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), GRACE_MILLISECONDS);
    await this.#ended;
    clearTimeout(timer);
  }
}
