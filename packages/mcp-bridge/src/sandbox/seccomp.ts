/** System calls that no MCP server needs, by their numbers on the two architectures: [x64, arm64]. */
const refused: readonly (readonly [number, number])[] = [
  [248, 217], // add_key
  [249, 218], // request_key
  [250, 219], // keyctl
  [425, 425], // io_uring_setup
  [426, 426], // io_uring_enter
  [427, 427], // io_uring_register
  [321, 280], // bpf
  [298, 241], // perf_event_open
  [246, 104], // kexec_load
  [320, 294], // kexec_file_load
  [101, 117], // ptrace
  [310, 270], // process_vm_readv
  [311, 271], // process_vm_writev
  [308, 268], // setns
  [165, 40], // mount
  [166, 39], // umount2
  [155, 41], // pivot_root
  [428, 428], // open_tree
  [429, 429], // move_mount
  [430, 430], // fsopen
  [432, 432], // fsmount
  [442, 442], // mount_setattr
  [323, 282], // userfaultfd
  [304, 265], // open_by_handle_at
  [300, 262], // fanotify_init
  [175, 105], // init_module
  [313, 273], // finit_module
];

const architectures = {
  x64: { audit: 0xc000003e, column: 0, clone: 56, unshare: 272, ioctl: 16, socket: 41, x32: 0x40000000 },
  arm64: { audit: 0xc00000b7, column: 1, clone: 220, unshare: 97, ioctl: 29, socket: 198, x32: undefined },
} as const;

/**
 * Calls that set the mode of a file, with the place of the mode among their arguments: [x64, arm64, place]. A file that
 * runs as its owner would give this user to every other user of the machine, from the folder that the server writes.
 */
const setsMode: readonly (readonly [number | undefined, number | undefined, number])[] = [
  [90, undefined, 1], // chmod
  [91, 52, 1], // fchmod
  [268, 53, 2], // fchmodat
  [452, 452, 2], // fchmodat2
  [85, undefined, 1], // creat
  [133, undefined, 1], // mknod
  [259, 33, 2], // mknodat
];
/** Calls that open files and may make them: [x64, arm64, place of the flags]; the mode comes next. */
const opens: readonly (readonly [number | undefined, number | undefined, number])[] = [
  [2, undefined, 1], // open
  [257, 56, 2], // openat
];
const OPENAT2 = 437;
const MAKES_FILE = 0x400040; // O_CREAT, O_TMPFILE
const RUNS_AS_OWNER = 0o4000;
const CLONE3 = 435;
const CLONE_NEWUSER = 0x10000000;
/** The ioctls that insert characters into a terminal's input, and that select text on a console. */
const TERMINAL_WRITES = [0x5412, 0x541c];
/**
 * Allowed socket families: Unix, IPv4, IPv6, and netlink, which libraries use to read addresses. Some other families
 * are not confined to a network namespace, such as AF_VSOCK, which reaches the host of a virtual machine.
 */
const SOCKET_FAMILIES = [1, 2, 10, 16];
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

// linux/bpf_common.h, linux/seccomp.h
const LOAD = 0x20;
const EQUALS = 0x15;
const AT_LEAST = 0x35;
const HAS_BITS = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;
const SECOND_ARGUMENT = 24;
/** The lower half of an argument, counted from 0. */
const argumentAt = (place: number): number => FIRST_ARGUMENT + 8 * place;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

/**
 * Returns the filter in the kernel's format, for bubblewrap's `--seccomp`; undefined for an unsupported architecture.
 */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined;
  const { audit, column, clone, unshare, ioctl, socket, x32 } = architectures[architecture];
  const refuse = (error: number): Instruction => [RETURN, 0, 0, ERRNO | error];
  const whenCalled = (number: number, ...then: readonly Instruction[]): Instruction[] => [
    [EQUALS, 0, then.length, number],
    ...then,
  ];
  const newUser: readonly Instruction[] = [
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [HAS_BITS, 0, 1, CLONE_NEWUSER],
    refuse(EPERM),
    [RETURN, 0, 0, ALLOW],
  ];
  const ownerMode = (place: number): readonly Instruction[] => [
    [LOAD, 0, 0, argumentAt(place)],
    [HAS_BITS, 0, 1, RUNS_AS_OWNER],
    refuse(EPERM),
    [RETURN, 0, 0, ALLOW],
  ];
  const program: readonly Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUALS, 1, 0, audit],
    // Other architectures number their system calls differently.
    refuse(ENOSYS),
    [LOAD, 0, 0, NUMBER],
    ...(x32 === undefined ? [] : [[AT_LEAST, 0, 1, x32] as const, refuse(ENOSYS)]),
    // clone3's flags are in memory, which a filter cannot read; libraries fall back to clone.
    ...whenCalled(CLONE3, refuse(ENOSYS)),
    // The mode of openat2 is in memory as well.
    ...whenCalled(OPENAT2, refuse(ENOSYS)),
    ...refused.flatMap((numbers) => whenCalled(numbers[column] ?? 0, refuse(EPERM))),
    ...whenCalled(clone, ...newUser),
    ...whenCalled(unshare, ...newUser),
    ...whenCalled(
      socket,
      [LOAD, 0, 0, FIRST_ARGUMENT],
      ...SOCKET_FAMILIES.flatMap((family) => whenCalled(family, [RETURN, 0, 0, ALLOW])),
      refuse(EAFNOSUPPORT),
    ),
    ...setsMode.flatMap(([x64, arm64, place]) => {
      const number = column === 0 ? x64 : arm64;
      return number === undefined ? [] : whenCalled(number, ...ownerMode(place));
    }),
    ...opens.flatMap(([x64, arm64, place]) => {
      const number = column === 0 ? x64 : arm64;
      const flags: readonly Instruction[] = [
        [LOAD, 0, 0, argumentAt(place)],
        [HAS_BITS, 1, 0, MAKES_FILE],
        [RETURN, 0, 0, ALLOW],
      ];
      return number === undefined ? [] : whenCalled(number, ...flags, ...ownerMode(place + 1));
    }),
    ...whenCalled(
      ioctl,
      [LOAD, 0, 0, SECOND_ARGUMENT],
      ...TERMINAL_WRITES.flatMap((request) => whenCalled(request, refuse(EPERM))),
    ),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, whenTrue, whenFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand >>> 0, index * 8 + 4);
  }
  return bytes;
}
