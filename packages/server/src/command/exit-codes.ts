/** The exit codes of commands, for scripts. docs/client.md has the same table, and a test compares them. */
export const EXIT_CODES = {
  done: { exit: 0, means: 'it was done' },
  failed: { exit: 1, means: 'it failed for another reason; or the answer of `can` is no' },
  usage: { exit: 2, means: 'the command, a setting or what was sent is not right' },
  unauthenticated: { exit: 3, means: 'there is no token, or the server does not accept it' },
  denied: { exit: 4, means: 'the token does not allow it' },
  missing: { exit: 5, means: 'what was named is not there' },
  unreachable: { exit: 6, means: 'no server answers, or another one than was meant' },
  later: { exit: 7, means: 'not now: a limit, a busy or stopping server, a database that does not answer' },
  conflict: { exit: 8, means: 'something else is in the way: a change, a file, a server, a port' },
  machine: { exit: 9, means: 'a file, a folder or a database of this machine cannot be used, or others can change it' },
  tampered: { exit: 10, means: 'the audit log, or what was exported of it, is not as it was written' },
  interrupted: { exit: 130, means: 'it was interrupted' },
} as const;

export type Ending = keyof typeof EXIT_CODES;
