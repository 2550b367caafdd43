#!/usr/bin/env node
// Parsed by every Node since 12, so that an old one gets a sentence and not a stack trace.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `latchkey needs Node 22.18 or newer; this is ${process.version}. Try: npx -y -p node@24 -c 'latchkey ...'`,
  );
  process.exit(1);
}
// Without a listener Node opens its debugger at this signal, to which everything on this machine could connect.
process.on('SIGUSR1', () => {});
// Process 1 gets no signal that nothing listens for; 'serve' has its own listeners as soon as it is loaded.
if (process.pid === 1) {
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.on(signal, () => process.listenerCount(signal) === 1 && process.exit(exitCode));
  }
}
import('../dist/command/find-peers.js')
  .then(() => import('../dist/command/cli.js'))
  .then(({ main }) => main(process.argv));
