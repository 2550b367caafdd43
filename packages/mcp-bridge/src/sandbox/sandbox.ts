import { stat } from 'node:fs/promises';
import type { Environment } from '../config/interpolate.ts';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { closedSandbox, openSandbox } from './bubblewrap-arguments.ts';
import { findProgram, noCommand, noFolder } from './find-program.ts';
import { defaultSandboxLimits, type SandboxLayer, type SandboxLimits, type SandboxReport } from './sandbox-profile.ts';
import { probeSandboxTools, type SandboxTools } from './sandbox-tools.ts';

/** Why a server is not started, in words that are safe to show. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

export interface SandboxOptions {
  /** Where this process's programs are found. */
  readonly environment: Environment;
  /** What no server may read: the host's own secrets. Absolute paths. */
  readonly hidden?: readonly string[];
  /** How it is found out what works here. */
  readonly probe?: (environment: Environment) => Promise<SandboxTools>;
}

/** A program and its arguments, as they are to be started. */
export interface SandboxedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Puts servers that are programs into a sandbox. What works here is tried out once, before the first of them starts. */
export class Sandbox {
  readonly #options: SandboxOptions;
  #probe: Promise<SandboxTools> | undefined;
  #tools: SandboxTools | undefined;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** Finds out what works here. */
  async tools(): Promise<SandboxTools> {
    const { probe = probeSandboxTools, environment } = this.#options;
    this.#probe ??= probe(environment);
    this.#tools = await this.#probe;
    return this.#tools;
  }

  /** Waits for what is being tried out. */
  async settled(): Promise<void> {
    await this.#probe;
  }

  /** The layers of an entry; undefined until it is known what works here. */
  report({ sandbox = 'auto' }: StdioServerEntry): SandboxReport | undefined {
    if (sandbox === 'off') return { layers: ['process group'], network: true, missing: 'its entry says "off"' };
    if (this.#tools === undefined) return undefined;
    const { bubblewrap, prlimit, withoutBubblewrap, countsProcesses } = this.#tools;
    const layers: SandboxLayer[] = [
      ...(bubblewrap === undefined ? [] : (['bubblewrap'] as const)),
      ...(prlimit === undefined ? [] : (['prlimit'] as const)),
      'process group',
    ];
    const uncounted = countsProcesses ? undefined : 'its processes are not counted, for the kernel counts none of root';
    const missing = withoutBubblewrap ?? (prlimit === undefined ? 'prlimit does not work here' : uncounted);
    const network = sandbox === 'auto' || sandbox.network;
    return { layers, network, ...(missing === undefined ? {} : { missing }) };
  }

  /**
   * How an entry is started, with the variables that it gets.
   *
   * @throws SandboxError when its command is not there, or its entry asks for a sandbox that does not work here.
   */
  async wrap(
    entry: StdioServerEntry,
    environment: Environment,
    variables: Readonly<Record<string, string>>,
  ): Promise<SandboxedCommand> {
    const { sandbox: wish = 'auto' } = entry;
    const plain = { command: entry.command, args: entry.args };
    if (wish === 'off') return plain;
    const { bubblewrap, prlimit, ceiling, withoutBubblewrap } = await this.tools();
    if (wish !== 'auto') {
      if (bubblewrap === undefined) throw new SandboxError(`its sandbox is missing: ${withoutBubblewrap}`);
      if (prlimit === undefined) throw new SandboxError('its sandbox is missing: prlimit does not work here');
    }
    if (bubblewrap === undefined && prlimit === undefined) return plain;

    const program = await findProgram(entry.command, environment.PATH ?? '/usr/bin:/bin', entry.cwd ?? process.cwd());
    const isThere = entry.cwd === undefined || (await stat(entry.cwd).catch(() => undefined))?.isDirectory() === true;
    if (!isThere) throw new SandboxError(noFolder);
    if (program === undefined) throw new SandboxError(noCommand);
    const limits = wish === 'auto' ? defaultSandboxLimits : wish.limits;
    const limited =
      prlimit === undefined ? [] : [prlimit, ...limitArguments(limits, ceiling, bubblewrap !== undefined), '--'];
    const inner = [...limited, program, ...entry.args];
    if (bubblewrap === undefined) return toCommand(inner);
    const start = { entry, program, variables, home: environment.HOME, hidden: this.#options.hidden ?? [] };
    const walls = wish === 'auto' ? await openSandbox(start) : await closedSandbox(start, wish);
    return toCommand([bubblewrap, ...walls, '--', ...inner]);
  }
}

function toCommand([command = '', ...args]: readonly string[]): SandboxedCommand {
  return { command, args };
}

/** Outside of a namespace, processes are counted for the whole user, so that others would be hit. */
function limitArguments(limits: SandboxLimits, ceiling: SandboxLimits, countsProcesses: boolean): readonly string[] {
  const least = (name: keyof SandboxLimits): number => Math.min(limits[name], ceiling[name]);
  return [
    '--core=0',
    `--data=${least('memoryMb') * 2 ** 20}`,
    `--fsize=${least('fileMb') * 2 ** 20}`,
    `--nofile=${least('openFiles')}`,
    ...(countsProcesses ? [`--nproc=${least('processes')}`] : []),
  ];
}
