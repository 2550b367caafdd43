import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A server that will be killed while its child spins; it reports to its own parent which process that is. */
fork(fileURLToPath(new URL('spinning-child.ts', import.meta.url)), { execArgv: [] }).once('message', (pid) => {
  process.send?.(pid);
});
