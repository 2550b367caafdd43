import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { delimiter, isAbsolute } from 'node:path';
import type { Environment } from '../config/interpolate.ts';
import type { McpServerEntry, StdioServerEntry } from '../config/mcp-config.ts';
import { closedView } from './closed-view.ts';
import { carryEnvironment } from './environment.ts';
import { findProgram, noCommand, noFolder } from './find-program.ts';
import { homeInside, keptHome } from './homes.ts';
import { hostSideProblem, writtenFolders } from './host-side.ts';
import { KnownPrograms } from './known-programs.ts';
import { reportLayers, runsInContainer } from './layers.ts';
import { namedPorts } from './named-ports.ts';
import { hasRoute, type OwnNetwork, ownNetwork, ownWordsBegin } from './network.ts';
import { openView } from './open-view.ts';
import { placesOf, programPlaces } from './places.ts';
import { SandboxError } from './sandbox-error.ts';
import { defaultSandboxLimits, type SandboxLimits, type SandboxReport } from './sandbox-profile.ts';
import { isolation, probeSandboxTools, type SandboxTools } from './sandbox-tools.ts';
import { seccompFilter } from './seccomp.ts';
import { isWithin, isWithinAny } from './trail.ts';

export interface SandboxOptions {
  /** Where this process's programs are found. */
  readonly environment: Environment;
  /** What no server may read: the host's own secrets. Absolute paths of files and folders. */
  readonly hidden?: readonly string[];
  /** The folder of the homes that are kept for servers. Absent: each has one that is gone with it. */
  readonly homes?: string | undefined;
  /** How it is found out what works here. */
  readonly probe?: (environment: Environment) => Promise<SandboxTools>;
}

/** A program and its arguments, as they are to be started. */
export interface SandboxedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The variables of what is started first, which need not be the server. */
  readonly environment: Environment;
  /** Where it is started. Absent: in the entry's own folder. */
  readonly cwd?: string;
  /** What is to be written to its file descriptor 3. */
  readonly filter?: Buffer;
  /** What must not be replaced while it runs, see `watchPlaces`. */
  readonly held?: readonly string[];
  /** The line on standard error after which the program's own words begin. Absent: they all are. */
  readonly ownWordsBegin?: string;
}

/** Browsers that make namespaces of their own cannot, inside; these run without where they are asked to. */
const withoutOwnSandbox = { PLAYWRIGHT_MCP_SANDBOX: 'false', PLAYWRIGHT_CHROMIUM_SANDBOX: '0' };

/** Puts servers that are programs into a sandbox. What works here is tried out once, before the first of them starts. */
export class Sandbox {
  readonly #options: SandboxOptions;
  #probe: Promise<SandboxTools> | undefined;
  #tools: SandboxTools | undefined;
  #entries: readonly McpServerEntry[] = [];
  readonly #programs: KnownPrograms;

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.#programs = new KnownPrograms(options.homes);
  }

  /** All servers of the host: none may change what another is made of. */
  configure(entries: readonly McpServerEntry[]): void {
    this.#entries = entries;
  }

  /** Finds out what works here. */
  async tools(): Promise<SandboxTools> {
    const { probe = probeSandboxTools, environment } = this.#options;
    this.#probe ??= probe(environment);
    const running = this.#probe;
    const tools = await running;
    // The way out may come later.
    if (tools.isOffline && this.#probe === running) this.#probe = undefined;
    this.#tools = tools;
    return tools;
  }

  /** Waits for what is being tried out. */
  async settled(): Promise<void> {
    await this.#probe;
  }

  /** The layers of an entry; undefined until it is known what works here. */
  report(entry: StdioServerEntry): SandboxReport | undefined {
    return reportLayers(entry, this.#tools);
  }

  /** How the program of an entry is another than before, in words for its operator. */
  changed(entry: StdioServerEntry): string | undefined {
    return this.#programs.changed(entry.id);
  }

  /**
   * Looks at what the host runs and reads for an entry without a sandbox.
   *
   * @throws SandboxError when a server in a sandbox could change it.
   */
  async checkHostSide(entry: McpServerEntry): Promise<void> {
    // Without walls every program of this user changes what it likes.
    if ((await this.tools()).bubblewrap === undefined) return;
    const entries = this.#entries.length === 0 ? [entry] : this.#entries;
    const written = await writtenFolders(entries, await peopleHomes(this.#options.environment));
    const problem = await hostSideProblem(entry, written, this.#options.environment.PATH ?? '/usr/bin:/bin');
    if (problem !== undefined) throw new SandboxError(problem);
  }

  /**
   * How an entry is started, with the variables that it gets.
   *
   * @throws SandboxError when its command is not there, or is another than its entry pins, or its entry asks for a sandbox that does not work here.
   */
  async wrap(entry: StdioServerEntry, environment: Environment): Promise<SandboxedCommand> {
    const { sandbox: wish = 'auto', command, args } = entry;
    const plain = { command, args, environment };
    const path = environment.PATH ?? '/usr/bin:/bin';
    await this.#programs.meet(entry, path);
    if (wish === 'off' || runsInContainer(entry)) return plain;
    const tools = await this.tools();
    const { bubblewrap, prlimit, ceiling, withoutBubblewrap } = tools;
    if (wish !== 'auto') {
      if (bubblewrap === undefined) throw new SandboxError(`its sandbox is missing: ${withoutBubblewrap}`);
      if (prlimit === undefined) throw new SandboxError('its sandbox is missing: prlimit does not work here');
      if (!tools.filters) throw new SandboxError('its sandbox is missing: system calls cannot be filtered here');
      const isForNetwork = wish === 'required' || entry.ports !== undefined;
      if (isForNetwork && tools.network === undefined) {
        const remedy =
          wish === 'required' ? '"sandbox": "auto" starts it without' : 'without "ports" in its sandbox it starts';
        throw new SandboxError(
          `its sandbox is missing: it would have the network of this machine, for ${tools.withoutNetwork}; ${remedy}`,
        );
      }
    }
    if (bubblewrap === undefined && prlimit === undefined) return plain;

    const program = await findProgram(command, path, entry.cwd ?? process.cwd());
    const isThere = entry.cwd === undefined || (await stat(entry.cwd).catch(() => undefined))?.isDirectory() === true;
    if (!isThere) throw new SandboxError(noFolder);
    if (program === undefined) throw new SandboxError(noCommand);
    const limits = wish === 'auto' || wish === 'required' ? defaultSandboxLimits : wish.limits;
    const limited =
      prlimit === undefined ? [] : [prlimit, ...limitArguments(limits, ceiling, bubblewrap !== undefined), '--'];
    if (bubblewrap === undefined) {
      const { args: inner, environment: carried } = carryEnvironment(environment, [program, ...args]);
      return toCommand([...limited, ...inner], carried);
    }

    const homes = await peopleHomes(environment);
    const code = (await Promise.all(this.#entries.map((other) => codeOf(other, homes)))).flat();
    const programs = await programPlaces(program, homes);
    const hidden = this.#hiddenFrom(entry);
    const ownFile = entry.envFile === undefined ? [] : [entry.envFile];
    const isOpen = wish === 'auto' || wish === 'required';
    const own = isOpen ? await placesOf(entry, homes) : undefined;
    const browser = args.some((argument) => argument.includes('playwright')) ? withoutOwnSandbox : {};
    const given = isOpen ? { ...browser, ...environment, HOME: this.#homeOf(environment) } : environment;
    const { args: inner, environment: carried } = carryEnvironment(given, [program, ...args]);
    const walls =
      own === undefined || isOpen === false
        ? await closedView({
            entry,
            profile: wish as never,
            programs,
            home: environment.HOME,
            hidden,
            code: [...code, ...ownFile],
          })
        : await openView({
            places: own,
            home: await keptHome(this.#options.homes, entry.id),
            homes,
            hidden,
            code: [...code, ...own.code, ...ownFile, program],
            programs: [...programs, ...(await programFolders(environment, homes))],
          });
    const filter = tools.filters ? seccompFilter() : undefined;
    const network = await this.#networkOf(entry, tools, filter);
    return {
      ...toCommand(
        [
          ...network.command,
          bubblewrap,
          ...isolation,
          ...(tools.disablesNamespaces ? ['--unshare-user', '--disable-userns'] : []),
          ...walls.options,
          ...network.walls,
          ...['--remount-ro', '/'],
          ...(filter === undefined ? [] : ['--seccomp', '3']),
          ...['--chdir', entry.cwd ?? (isOpen ? startFolder(homes) : (environment.HOME ?? '/tmp'))],
          '--',
          ...limited,
          ...inner,
        ],
        carried,
      ),
      cwd: '/',
      held: walls.held,
      ...(filter === undefined || network.command.length > 0 ? {} : { filter }),
      ...(network.command.length > 0 ? { ownWordsBegin } : {}),
    };
  }

  /** Its own where that works, this machine's under `auto` where it does not, or none. */
  async #networkOf(entry: StdioServerEntry, tools: SandboxTools, filter: Buffer | undefined): Promise<OwnNetwork> {
    const { sandbox = 'auto' } = entry;
    const none = { command: [], walls: [] };
    const hasOutside = typeof sandbox !== 'object' || sandbox.network;
    const ports = namedPorts(entry);
    const namesPorts = ports.reached.length + ports.served.length > 0;
    if (!hasOutside && !namesPorts) return none;
    if (tools.network === undefined) return { command: [], walls: ['--share-net'] };
    // Without a way out pasta makes no network, and there is nothing to be reached.
    if (!namesPorts && !(await hasRoute())) return none;
    const resolver = typeof sandbox === 'object' ? 'own place' : 'where it leads';
    return ownNetwork(tools.network, { ports, hasOutside, resolver, filter });
  }

  /** Its own `envFile` it knows; beside it, it goes on making files. Those of others are secret. */
  #hiddenFrom({ envFile }: StdioServerEntry): readonly string[] {
    const files = this.#entries.flatMap((other) => (other.transport === 'stdio' ? (other.envFile ?? []) : []));
    return [...(this.#options.hidden ?? []), ...files].filter((path) => path !== envFile);
  }

  /** What an entry says of its own home counts. */
  #homeOf({ HOME }: Environment): string {
    const { HOME: inherited } = this.#options.environment;
    return HOME === undefined || HOME === inherited ? homeInside : HOME;
  }
}

/** Home folders of people on this machine: none is a server's. */
async function peopleHomes({ HOME }: Environment): Promise<readonly string[]> {
  const named = [HOME, homedir(), accountHome(), '/home', '/root'].filter((path) => path !== undefined);
  const real = await Promise.all(
    named.filter(isAbsolute).map(async (path) => {
      const place = await realpath(path).catch(() => undefined);
      return place !== undefined && (await stat(place)).isDirectory() ? place : undefined;
    }),
  );
  const homes = new Set(real.filter((path) => path !== undefined && path !== '/'));
  return [...homes] as readonly string[];
}

function accountHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // A user id without an account, as in containers.
    return undefined;
  }
}

async function codeOf(entry: McpServerEntry, homes: readonly string[]): Promise<readonly string[]> {
  if (entry.transport !== 'stdio') return [];
  const { code } = await placesOf(entry, homes);
  return isAbsolute(entry.command) ? [...code, entry.command] : code;
}

/** Where programs in a home folder are found, as far as this user may look: a runner starts others. */
async function programFolders({ PATH = '' }: Environment, homes: readonly string[]): Promise<readonly string[]> {
  const folders = PATH.split(delimiter).filter(
    (path) => isAbsolute(path) && isWithinAny(path, homes) && !homes.includes(path),
  );
  const there = await Promise.all(
    folders.map((path) =>
      readdir(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return folders.filter((_, index) => there[index]);
}

/** Where a server starts whose entry does not say it: where this process did, unless that is a home folder. */
function startFolder(homes: readonly string[]): string {
  const here = process.cwd();
  return homes.some((home) => isWithin(here, home)) || isWithinAny(here, ['/tmp', '/var/tmp', '/run'])
    ? homeInside
    : here;
}

function toCommand([command = '', ...args]: readonly string[], environment: Environment) {
  return { command, args, environment };
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
