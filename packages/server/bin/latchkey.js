#!/usr/bin/env node
// Parsed by every Node since 12, so that an old one gets a sentence and not a stack trace.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `latchkey needs Node 22.18 or newer; this is ${process.version}. Try: npx -y -p node@24 -c 'latchkey ...'`,
  );
  process.exit(1);
}
import('../dist/command/cli.js').then(({ main }) => main(process.argv));
