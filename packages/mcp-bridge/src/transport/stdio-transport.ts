import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import {
  isJSONRPCRequest,
  type JSONRPCMessage,
  type RequestId,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import type { Environment } from '../config/interpolate.ts';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { noCommand, noFolder } from '../sandbox/find-program.ts';
import type { Sandbox, SandboxedCommand } from '../sandbox/sandbox.ts';
import { SandboxError } from '../sandbox/sandbox-error.ts';
import { visibleText } from '../visible-text.ts';
import { BoundedTail } from './bounded-tail.ts';
import { childEnvironment } from './child-environment.ts';
import { credentialProblem, runCredentialCommand } from './credential-command.ts';
import { LineReader } from './line-reader.ts';
import { answeredByLongLine, type LongLine } from './long-line.ts';
import { lostAnswer } from './lost-answer.ts';
import { readLine } from './mend-message.ts';
import { signalGroup, superviseGroup } from './process-group.ts';
import { redact } from './redact.ts';
import { TrafficGuard } from './traffic-guard.ts';

const stderrTailBytes = 64 * 1024;
/** How long the pipes of a dead child may stay open: a grandchild that left the group may hold them forever. */
const drainMs = 250;
const brokenPipeMs = 1_000;
const byteOrderMark = '\uFEFF';
/** Before each line of standard output that is no message, where the output is shown. */
const noiseMark = '[standard output] ';

export interface StdioTransportOptions {
  readonly entry: StdioServerEntry;
  readonly environment: Environment;
  readonly messageBytes: number;
  readonly closeGraceMs: number;
  readonly now: () => number;
  readonly sandbox: Pick<Sandbox, 'wrap' | 'checkHostSide'>;
}

/**
 * A server as a child process, without a shell, sandboxed if possible, and in its own process group, so that closing it
 * leaves no process behind: standard input ends, then SIGTERM, then SIGKILL, each to the whole group. The SDK's own
 * transport ends only the direct child (typescript-sdk issue 2023). All output of the child is bounded.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T) => void;

  readonly #options: StdioTransportOptions;
  readonly #stderr = new BoundedTail(stderrTailBytes);
  readonly #lines: LineReader;
  readonly #traffic: TrafficGuard;
  #child: ChildProcessWithoutNullStreams | undefined;
  #ended: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #reason = '';
  #endedWell = false;
  /** Requests that wait for their answer. */
  readonly #waiting = new Set<RequestId>();
  #announced = false;
  #started = false;
  /** The variables from the mcp.json and its envCommand. */
  #given: Readonly<Record<string, string>> = {};

  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#lines = new LineReader(options.messageBytes);
    this.#traffic = new TrafficGuard(options.now);
  }

  /** The child's process id, which is also its group's id. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Why it ended by itself, in a few words that are safe to show; empty while it is running, and when it was closed. */
  get reason(): string {
    return this.#reason;
  }

  /** Whether the child ended by itself and without an error, as one does that has done its work. */
  get endedWell(): boolean {
    return this.#endedWell;
  }

  /** What came on standard output and was no message, in words that are safe to show; empty if nothing did. */
  get heard(): string {
    const { noiseLines } = this.#traffic;
    const { unfinished } = this.#lines;
    const lines = noiseLines === 1 ? '1 line that is no message' : `${noiseLines} lines that are no messages`;
    if (noiseLines > 0) return `it printed ${lines} on its standard output`;
    return unfinished === 0 ? '' : `it printed ${unfinished} bytes on its standard output, and no end of a line`;
  }

  /**
   * The last lines of what the child printed, on its standard error and, marked, on its standard output beside the
   * messages, with hidden characters escaped and without the values that it was given.
   */
  diagnostics(lines = 20): string {
    const { secrets = [] } = this.#options.entry;
    return visibleText(redact(this.#stderr.lastLines(lines), [...Object.values(this.#given), ...secrets]));
  }

  async start(): Promise<void> {
    if (this.#started) throw new TypeError('A StdioTransport starts once');
    this.#started = true;
    const { entry, environment } = this.#options;
    await this.#inWords(this.#options.sandbox.checkHostSide(entry));
    this.#given = { ...entry.env, ...(await this.#readCredentials()) };
    const variables = childEnvironment(environment, this.#given);
    const wrapped = await this.#inWords(this.#options.sandbox.wrap(entry, variables));
    if (this.#closing !== undefined) throw new Error('Not connected');
    const watched = wrapped.watch?.((reason) => this.#giveUp(reason));
    const child = this.#spawn(wrapped);
    this.#child = child;
    child.once('exit', () => watched?.[Symbol.dispose]());
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (this.#closing === undefined) {
          this.#endedWell = code === 0 && this.#reason === '';
          this.#reason ||= signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
        }
        setTimeout(() => {
          for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        }, drainMs).unref();
      });
      child.once('close', () => {
        resolve();
        this.#announceEnd();
      });
    });
    let { ownWordsBegin } = wrapped;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.append(chunk);
      if (ownWordsBegin !== undefined && this.#stderr.forgetBefore(ownWordsBegin)) ownWordsBegin = undefined;
    });
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    // After a broken pipe the process exits, or the caller that waits for an answer times out.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});
    superviseGroup(child);

    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error: NodeJS.ErrnoException) => {
        this.#reason ||= whyNotRun(error, entry.cwd);
        reject(error);
      });
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (stdin === undefined || this.#reason !== '' || this.#closing !== undefined) throw new Error('Not connected');
    const text = serializeMessage(message);
    if (isJSONRPCRequest(message)) this.#waiting.add(message.id);
    else if (isCancellation(message)) this.#waiting.delete(message.params.requestId);
    if (stdin.writableLength > this.#options.messageBytes) {
      this.#giveUp('it does not read its input');
      throw new Error('Not connected');
    }
    // Messages of one turn are written together: a system call for each is most of the cost of a short call.
    if (stdin.writableCorked === 0) {
      stdin.cork();
      setImmediate(() => stdin.uncork());
    }
    const error = await new Promise<Error | null | undefined>((resolve) => stdin.write(text, resolve));
    if (!error) return;
    // The child is about to exit after a broken pipe, and its exit has the reason.
    await this.#endedWithin(brokenPipeMs);
    throw error;
  }

  /** Ends the whole process group and waits until it has ended. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #readCredentials(): Promise<Readonly<Record<string, string>>> {
    const { entry, environment } = this.#options;
    const { envCommand: command } = entry;
    // A sandboxed server controls the contents of its folder, so the host does not run a program there outside the
    // sandbox.
    const cwd = entry.sandbox === 'off' ? entry.cwd : '/';
    if (command === undefined) return {};
    try {
      return await runCredentialCommand({ key: 'envCommand', command, environment, cwd });
    } catch (error) {
      this.#reason ||= credentialProblem(error) ?? '';
      throw error;
    }
  }

  #spawn(wrapped: SandboxedCommand): ChildProcessWithoutNullStreams {
    const { cwd } = this.#options.entry;
    const { command, args, environment: env, filter } = wrapped;
    try {
      const stdio: ('pipe' | 'ignore')[] = ['pipe', 'pipe', 'pipe', filter === undefined ? 'ignore' : 'pipe'];
      const options = { cwd: wrapped.cwd ?? cwd, env, stdio, shell: false, detached: true, windowsHide: true };
      const child = spawn(command, [...args], options) as ChildProcessWithoutNullStreams;
      const pipe = child.stdio[3] as Writable | null | undefined;
      pipe?.on('error', () => {});
      pipe?.end(filter);
      return child;
    } catch (error) {
      // Some failures are thrown, others are emitted as events.
      this.#reason ||= whyNotRun(error as NodeJS.ErrnoException, cwd);
      throw error;
    }
  }

  async #inWords<T>(task: Promise<T>): Promise<T> {
    try {
      return await task;
    } catch (error) {
      this.#reason ||= error instanceof SandboxError ? error.message : 'its sandbox could not be made';
      throw error;
    }
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    child.stdin.end();
    if (await this.#endedWithin(this.#options.closeGraceMs)) return;
    signalGroup(child.pid, 'SIGTERM');
    if (await this.#endedWithin(this.#options.closeGraceMs)) return;
    signalGroup(child.pid, 'SIGKILL');
    await this.#ended;
  }

  #endedWithin(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      void this.#ended.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #announceEnd(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.onclose?.();
  }

  #read(chunk: Buffer): void {
    if (this.#closing !== undefined) return;
    try {
      for (const line of this.#lines.read(chunk)) this.#take(line);
    } catch (error) {
      // A failure while a message is processed ends this server, never the host.
      this.#giveUp(error instanceof RangeError ? error.message : 'it sent a message that cannot be processed');
    }
  }

  #take(line: string | LongLine): void {
    if (typeof line !== 'string') {
      this.#loseLong(line);
      return;
    }
    // A server of Windows may begin with a mark.
    const messages = readLine(line.startsWith(byteOrderMark) ? line.slice(1) : line);
    if (messages.length === 0 && line !== '') {
      this.#traffic.noise(line);
      this.#stderr.append(Buffer.from(`${noiseMark}${line}\n`));
    }
    for (const message of messages) {
      if ('method' in message) this.#traffic.unsolicited();
      else if (message.id !== undefined) this.#answered(message.id);
      this.onmessage?.(message);
    }
  }

  /** A message that is too long to be kept ends the request that it answers, not the server. */
  #loseLong(line: LongLine): void {
    const text = `a message is larger than ${this.#options.messageBytes} bytes: it has ${line.bytes}`;
    for (const id of answeredByLongLine(line, this.#waiting)) {
      this.#answered(id);
      this.onmessage?.(lostAnswer(id, 'too-large', text));
    }
  }

  /** Some servers answer with the id as a text. */
  #answered(id: RequestId): void {
    this.#waiting.delete(id);
    this.#waiting.delete(Number(id));
  }

  #giveUp(reason: string): void {
    this.#reason ||= reason;
    this.onerror?.(new Error(reason));
    this.#announceEnd();
    // A server that misbehaves gets no grace period.
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    void this.close();
  }
}

/**
 * Explains why a command did not start. The platform's error does not distinguish the command from the folder, or a
 * missing file from one that cannot be run.
 */
function whyNotRun({ code = 'unknown error' }: NodeJS.ErrnoException, cwd: string | undefined): string {
  if (cwd !== undefined && !isFolder(cwd)) return noFolder;
  return code === 'ENOENT' || code === 'EACCES' ? noCommand : `its command could not be run (${code})`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isCancellation(message: JSONRPCMessage): message is JSONRPCMessage & { params: { requestId: RequestId } } {
  return 'method' in message && message.method === 'notifications/cancelled';
}
