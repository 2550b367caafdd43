import { readdir, realpath, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, isAbsolute } from 'node:path';
import type { Environment } from '../config/interpolate.ts';
import type { McpServerEntry, StdioServerEntry } from '../config/mcp-config.ts';
import { certificateFiles } from '../transport/child-environment.ts';
import { closedView } from './closed-view.ts';
import { carryEnvironment } from './environment.ts';
import { findProgram, noCommand, noFolder } from './find-program.ts';
import { readHiddenList, watchHiddenList } from './hidden-list.ts';
import { homeInside, keptCaches, keptHome } from './homes.ts';
import { hostCode } from './host-code.ts';
import { borrowedLink, borrowedPlace, hostSideProblem, ownPath, writtenFolders } from './host-side.ts';
import { KnownPrograms } from './known-programs.ts';
import { reportLayers, runsInContainer } from './layers.ts';
import { mountCheck } from './mount-check.ts';
import type { Walls } from './mounts.ts';
import { namedPorts } from './named-ports.ts';
import { hasRoute, type OwnNetwork, ownNetwork, ownWordsBegin } from './network.ts';
import { openView } from './open-view.ts';
import { findOwnHome } from './own-home.ts';
import { watchPlaces } from './place-watch.ts';
import { codeNamed, placesOf, programPlaces } from './places.ts';
import { explainRefused } from './refused-path.ts';
import { SandboxError } from './sandbox-error.ts';
import { defaultSandboxLimits, type SandboxLimits, type SandboxReport } from './sandbox-profile.ts';
import { isolation, probeSandboxTools, type SandboxTools } from './sandbox-tools.ts';
import { seccompFilter } from './seccomp.ts';
import { isWithin, isWithinAny } from './trail.ts';

export interface SandboxOptions {
  /** The environment in which this process's programs are found. */
  readonly environment: Environment;
  /** Paths that no server may read: the host's own secrets. Absolute paths of files and folders. */
  readonly hidden?: readonly string[];
  /** A file that lists further such paths, see `McpHostOptions`. */
  readonly hiddenList?: string | undefined;
  /** Paths that no server may change: what the host itself loads. */
  readonly kept?: readonly string[];
  /** The folder of the servers' persistent homes. Absent: a home is removed with its server. */
  readonly homes?: string | undefined;
  /** Determines what works here. */
  readonly probe?: (environment: Environment) => Promise<SandboxTools>;
}

/** A program and its arguments, ready to be started. */
export interface SandboxedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The variables of the first process, which need not be the server. */
  readonly environment: Environment;
  /** The folder to start in. Absent: the entry's own folder. */
  readonly cwd?: string;
  /** Data to write to its file descriptor 3. */
  readonly filter?: Buffer;
  /** Watches what its sandbox depends on while it runs. The function is called once, with the reason to end it. */
  readonly watch?: (end: (reason: string) => void) => Disposable;
  /** The line on standard error after which the program's own output starts. Absent: all output is its own. */
  readonly ownWordsBegin?: string;
}

/** Browsers cannot create their own namespaces inside a sandbox; these switch their sandbox off on request. */
const withoutOwnSandbox = { PLAYWRIGHT_MCP_SANDBOX: 'false', PLAYWRIGHT_CHROMIUM_SANDBOX: '0' };

/** Puts servers that are programs into a sandbox. The available tools are tested once, before the first start. */
export class Sandbox {
  readonly #options: SandboxOptions;
  #probe: Promise<SandboxTools> | undefined;
  readonly #finding = new Set<Promise<SandboxTools>>();
  /** The PATH in which the tools were found. */
  #path: string | undefined;
  #tools: SandboxTools | undefined;
  #entries: readonly McpServerEntry[] = [];
  readonly #programs: KnownPrograms;

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.#programs = new KnownPrograms(options.homes);
  }

  /** Sets all servers of the host: no server may change the files of another. */
  configure(entries: readonly McpServerEntry[]): void {
    this.#entries = entries;
  }

  /** Finds out what works here. */
  async tools(): Promise<SandboxTools> {
    const finding = this.#findTools();
    this.#finding.add(finding);
    return finding.finally(() => this.#finding.delete(finding));
  }

  async #findTools(): Promise<SandboxTools> {
    const { probe = probeSandboxTools, environment } = this.#options;
    const written = await writtenFolders(this.#entries, await peopleHomes(environment));
    const path = await ownPath(environment.PATH ?? '/usr/bin:/bin', written);
    if (path !== this.#path) [this.#path, this.#probe] = [path, undefined];
    this.#probe ??= probe({ ...environment, PATH: path });
    const running = this.#probe;
    const tools = await running;
    // A route may appear later, so the next call tests again.
    if (tools.isOffline && this.#probe === running) this.#probe = undefined;
    this.#tools = tools;
    return tools;
  }

  /** Waits for running tests. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#finding);
  }

  /** Returns the layers of an entry; undefined until the tools have been tested. */
  report(entry: StdioServerEntry): SandboxReport | undefined {
    return reportLayers(entry, this.#tools);
  }

  /**
   * Which of the paths that a program could not reach its sandbox keeps from it, and which setting gives them, in words
   * for its operator. Undefined when there is none, or no wall around it.
   */
  explainRefused(entry: StdioServerEntry, paths: readonly string[]): string | undefined {
    if (paths.length === 0 || entry.sandbox === 'off' || runsInContainer(entry)) return undefined;
    if (this.#tools?.bubblewrap === undefined) return undefined;
    const { environment, hidden = [] } = this.#options;
    const { HOME } = environment;
    const homes = [HOME, findOwnHome(), accountHome(), '/home', '/root'].filter((home) => home !== undefined);
    // What the host keeps secret is given by no setting.
    const open = paths.filter((path) => !isWithinAny(path, hidden));
    return explainRefused(open, entry, homes);
  }

  /** How the program of an entry has changed, in words for its operator. */
  changed(entry: StdioServerEntry): string | undefined {
    return this.#programs.changed(entry.id);
  }

  /**
   * Checks the files that the host runs and reads for an entry without a sandbox.
   *
   * @throws SandboxError when a sandboxed server could change one of them.
   */
  async checkHostSide(entry: McpServerEntry): Promise<void> {
    // Without bubblewrap, every program of this user can change any of its files.
    if ((await this.tools()).bubblewrap === undefined) return;
    const entries = this.#entries.length === 0 ? [entry] : this.#entries;
    const written = await writtenFolders(entries, await peopleHomes(this.#options.environment));
    const path = this.#options.environment.PATH ?? '/usr/bin:/bin';
    const problem = (await hostSideProblem(entry, written, path)) ?? (await borrowedLink(entry, written));
    if (problem !== undefined) throw new SandboxError(problem);
  }

  /**
   * Returns how to start an entry, and its variables.
   *
   * @throws SandboxError when its command does not exist or differs from the digest in its entry, or when its entry
   *   requires a sandbox that does not work here.
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
    const ownFile = entry.envFile === undefined ? [] : [entry.envFile];
    const others = this.#entries.filter(({ id }) => id !== entry.id);
    const foreign = (await Promise.all(others.map((other) => codeOf(other, homes, path)))).flat();
    const fixed = [...foreign, ...ownFile, ...(await hostCode(homes)), ...(this.#options.kept ?? [])];
    const programs = [...(await programPlaces(program, homes)), ...(await certificates(environment))];
    const hidden = await this.#hiddenFrom(entry);
    const isOpen = wish === 'auto' || wish === 'required';
    const own = isOpen ? await placesOf(entry, homes) : undefined;
    const browser = args.some((argument) => argument.includes('playwright')) ? withoutOwnSandbox : {};
    const caches = this.#options.homes === undefined ? {} : keptCaches;
    const variables = withoutOuterFolder(environment, this.#options.environment);
    const given = isOpen ? { ...caches, ...browser, ...variables, HOME: this.#homeOf(environment) } : variables;
    const { args: inner, environment: carried } = carryEnvironment(given, [program, ...args]);
    const walls =
      own === undefined || isOpen === false
        ? await closedView({
            entry,
            profile: wish as never,
            programs,
            home: environment.HOME,
            hidden,
            code: [...fixed, ...(await codeOf(entry, homes, path))],
            fixed,
          })
        : await openView({
            places: own,
            home: await keptHome(this.#options.homes, entry.id),
            homes,
            hidden,
            code: [...fixed, ...own.code, program],
            fixed,
            programs: [...programs, ...(await programFolders(environment, homes))],
          });
    const written = await writtenFolders(others, homes);
    const borrowed = borrowedPlace(walls.trails, written);
    if (borrowed !== undefined)
      throw new SandboxError(`another server led it to ${borrowed} while its sandbox was made`);
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
          ...(await mountCheck(walls.bound, [...written.values()].flat())),
          ...limited,
          ...inner,
        ],
        carried,
      ),
      cwd: '/',
      watch: this.#watch(walls, hidden),
      ...(filter === undefined || network.command.length > 0 ? {} : { filter }),
      ...(network.command.length > 0 ? { ownWordsBegin } : {}),
    };
  }

  /** Chooses the network: its own if that works, this machine's under `auto` if not, or none. */
  async #networkOf(entry: StdioServerEntry, tools: SandboxTools, filter: Buffer | undefined): Promise<OwnNetwork> {
    const { sandbox = 'auto' } = entry;
    const none = { command: [], walls: [] };
    const hasOutside = typeof sandbox !== 'object' || sandbox.network;
    const ports = namedPorts(entry);
    const namesPorts = ports.reached.length + ports.served.length > 0;
    if (!hasOutside && !namesPorts) return none;
    if (tools.network === undefined) return { command: [], walls: ['--share-net'] };
    // Without a route out pasta makes no network, and there is nothing to reach.
    if (!namesPorts && !(await hasRoute())) return none;
    const resolver = typeof sandbox === 'object' ? 'own place' : 'where it leads';
    return ownNetwork(tools.network, { ports, hasOutside, resolver, filter });
  }

  /**
   * Returns the hidden files. An entry's own `envFile` is known to the server, and hiding it would keep the server from
   * creating files beside it. The `envFile` of another entry is secret.
   */
  async #hiddenFrom({ envFile }: StdioServerEntry): Promise<readonly string[]> {
    const files = this.#entries.flatMap((other) => (other.transport === 'stdio' ? (other.envFile ?? []) : []));
    const { hidden = [], hiddenList } = this.#options;
    return [...hidden, ...(await readHiddenList(hiddenList)), ...files].filter((path) => path !== envFile);
  }

  #watch({ held: places, sees }: Walls, hidden: readonly string[]): NonNullable<SandboxedCommand['watch']> {
    const { hiddenList } = this.#options;
    return (end) => {
      const held = watchPlaces(places, () =>
        end('something that its sandbox keeps as it is was replaced outside: its next start keeps what is there now'),
      );
      const listed =
        hiddenList === undefined
          ? undefined
          : watchHiddenList(hiddenList, { hidden, sees }, (place) =>
              end(`it sees ${place}, which is kept from servers now: its next start does not see it`),
            );
      return {
        [Symbol.dispose]() {
          held[Symbol.dispose]();
          listed?.[Symbol.dispose]();
        },
      };
    };
  }

  /** A home that the entry sets itself takes precedence. */
  #homeOf({ HOME }: Environment): string {
    const { HOME: inherited } = this.#options.environment;
    return HOME === undefined || HOME === inherited ? homeInside : HOME;
  }
}

/** The folder for temporary files is that of the machine, which is not there in a sandbox: a server has its own /tmp. */
function withoutOuterFolder({ TMPDIR, ...variables }: Environment, outside: Environment): Environment {
  return TMPDIR === undefined || TMPDIR === outside.TMPDIR ? variables : { TMPDIR, ...variables };
}

/** The files with certificates that the variables name: without them a server trusts none that the machine trusts. */
async function certificates(environment: Environment): Promise<readonly string[]> {
  const named = certificateFiles.flatMap((name) => environment[name] ?? []).filter(isAbsolute);
  const there = await Promise.all(
    named.map((path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return [...new Set(named.filter((_, index) => there[index]))];
}

/** The home folders of people on this machine, none of which belongs to a server. */
async function peopleHomes({ HOME }: Environment): Promise<readonly string[]> {
  const named = [HOME, findOwnHome(), accountHome(), '/home', '/root'].filter((path) => path !== undefined);
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
    // The user id has no account, as in containers.
    return undefined;
  }
}

/** Returns what is run for an entry: its command, and its scripts with their libraries. */
async function codeOf(entry: McpServerEntry, homes: readonly string[], path: string): Promise<readonly string[]> {
  if (entry.transport !== 'stdio') return [];
  const program = await findProgram(entry.command, path, entry.cwd ?? process.cwd());
  return [...(await codeNamed(entry, homes)), ...(program === undefined ? [] : [program])];
}

/** The folders of programs in home folders, as far as this user may read them: a runner starts other programs. */
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

/** The start folder of a server whose entry sets none: that of this process, unless it is a home folder. */
function startFolder(homes: readonly string[]): string {
  const here = process.cwd();
  return homes.some((home) => isWithin(here, home)) || isWithinAny(here, ['/tmp', '/var/tmp', '/run'])
    ? homeInside
    : here;
}

function toCommand([command = '', ...args]: readonly string[], environment: Environment) {
  return { command, args, environment };
}

/** Outside a namespace, the processes of the whole user are counted, so the limit would affect other programs. */
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
