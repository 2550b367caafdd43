/** The resources that a sandboxed server may use at most; the system's own limits also apply. */
export interface SandboxLimits {
  /** Data of one process, in MiB. */
  readonly memoryMb: number;
  /**
   * Processes and threads of the server together. Counted only inside bubblewrap, and not for root; the report says so.
   */
  readonly processes: number;
  /** One file that it writes, in MiB. */
  readonly fileMb: number;
  /** Files and sockets that one process has open. */
  readonly openFiles: number;
}

/** Enough for a browser or a package runner, but not enough to exhaust a machine. */
export const defaultSandboxLimits: SandboxLimits = {
  memoryMb: 4096,
  processes: 1024,
  fileMb: 4096,
  openFiles: 4096,
};

/**
 * What a server may access when its entry lists it. It also sees the programs of the system, its command and its `cwd`.
 * All paths are absolute.
 */
export interface SandboxProfile {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Paths that appear empty although they are inside a visible folder. */
  readonly denyRead: readonly string[];
  /** Paths that it cannot change although they are inside a folder of `write`. */
  readonly denyWrite: readonly string[];
  /** Whether addresses outside this machine can be reached. */
  readonly network: boolean;
  readonly limits: SandboxLimits;
}

/**
 * The wish of an entry: `auto` is as much as works here; `required` is the same, but the server does not start without
 * it; `off` is nothing; a profile is required as well.
 */
export type SandboxWish = 'auto' | 'required' | 'off' | SandboxProfile;

export type SandboxLayer = 'bubblewrap' | 'seccomp' | 'no namespaces' | 'own network' | 'prlimit' | 'process group';

/** The layers around a server that is a program, for its operator. */
export interface SandboxReport {
  /** `process group` is not a sandbox: it only ends what the server has started. */
  readonly layers: readonly SandboxLayer[];
  /** Whether the server can reach the network. */
  readonly network: boolean;
  /** What it can access besides its own folders. */
  readonly open: readonly string[];
  /** Why layers are missing. Absent: everything requested is there. */
  readonly missing?: string;
}
