/** The most that a sandboxed server may take; what the system allows at most counts too. */
export interface SandboxLimits {
  /** Data of one process, in MiB. */
  readonly memoryMb: number;
  /** Processes and threads of the server together. Counted only inside bubblewrap, and not for root; the report says so. */
  readonly processes: number;
  /** One file that it writes, in MiB. */
  readonly fileMb: number;
  /** Files and sockets that one process has open. */
  readonly openFiles: number;
}

/** Room enough for a browser or a package runner; not enough to take a whole machine along. */
export const defaultSandboxLimits: SandboxLimits = {
  memoryMb: 4096,
  processes: 1024,
  fileMb: 4096,
  openFiles: 4096,
};

/**
 * What a server may touch when its entry says so itself. It sees the programs of the system, its command, its `cwd`, and
 * what stands here. All paths are absolute.
 */
export interface SandboxProfile {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** What is empty for it although it lies in a folder above. */
  readonly denyRead: readonly string[];
  /** What it can not change although it lies in a folder of `write`. */
  readonly denyWrite: readonly string[];
  /** Whether addresses outside of this machine are reached. */
  readonly network: boolean;
  readonly limits: SandboxLimits;
}

/** What an entry asks for: as much as works here, the same and no start without it, nothing, or this and no start without it. */
export type SandboxWish = 'auto' | 'required' | 'off' | SandboxProfile;

export type SandboxLayer = 'bubblewrap' | 'seccomp' | 'no namespaces' | 'own network' | 'prlimit' | 'process group';

/** Which layers hold a server that is a program, as its operator reads it. */
export interface SandboxReport {
  /** `process group` is no sandbox: it only ends what the server has started. */
  readonly layers: readonly SandboxLayer[];
  /** Whether the server reaches the network. */
  readonly network: boolean;
  /** What is open to it besides its own folders. */
  readonly open: readonly string[];
  /** Why there is no more. Absent: there is all that was asked for. */
  readonly missing?: string;
}
