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
  const program: readonly Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUALS, 1, 0, audit],
    // Other architectures number their system calls differently.
    refuse(ENOSYS),
    [LOAD, 0, 0, NUMBER],
    ...(x32 === undefined ? [] : [[AT_LEAST, 0, 1, x32] as const, refuse(ENOSYS)]),
    // clone3's flags are in memory, which a filter cannot read; libraries fall back to clone.
    ...whenCalled(CLONE3, refuse(ENOSYS)),
    ...refused.flatMap((numbers) => whenCalled(numbers[column] ?? 0, refuse(EPERM))),
    ...whenCalled(clone, ...newUser),
    ...whenCalled(unshare, ...newUser),
    ...whenCalled(
      socket,
      [LOAD, 0, 0, FIRST_ARGUMENT],
      ...SOCKET_FAMILIES.flatMap((family) => whenCalled(family, [RETURN, 0, 0, ALLOW])),
      refuse(EAFNOSUPPORT),
    ),
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
