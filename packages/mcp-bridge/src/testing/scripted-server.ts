// The scripted server as a program: `node scripted-server.js [mode …]`. It speaks MCP on its pipes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createScriptedServer, type ScriptedMode } from './scripted-server-core.ts';

const modes = new Set(process.argv.slice(2) as ScriptedMode[]);

if (modes.has('die-at-start')) {
  process.stderr.write('scripted: there is no licence file\n');
  process.exit(1);
}
if (modes.has('ignore-end')) {
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 60_000);
}

const lines = createInterface({ input: process.stdin });
const server = createScriptedServer(modes, {
  write: (text, done) => process.stdout.write(text, () => done && setImmediate(done)),
  end: (code) => process.exit(code),
  startGrandchild: () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], { stdio: 'inherit' }).pid ?? 0,
  stopReading: () => process.stdin.pause(),
});

lines.on('line', (line) => server.receive(JSON.parse(line)));
// The host has ended or has closed the pipe.
process.stdout.on('error', () => process.exit(0));
if (!modes.has('ignore-end')) process.stdin.on('end', () => process.exit(0));
