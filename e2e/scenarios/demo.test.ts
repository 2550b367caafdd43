import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';
import { watchLines } from '../support/watched-lines.ts';

const story = join(dirname(fileURLToPath(import.meta.resolve('@latchkey/demo/package.json'))), 'src', 'main.ts');

describe('the demo', () => {
  verifies('demo.story', async () => {
    // Rejects when the exit code is another than 0.
    const { stdout } = await promisify(execFile)(process.execPath, [story]);
    expect(stdout).toContain('The first line of the tiktoken documentation is: # tiktoken');
    expect(stdout).toContain('✓ refused, and the answer says which grant lacks it');
    expect(stdout).toContain('12 tools were offered at once');
    for (const [calls, answer] of [
      ['→ read_file {"path":"/etc/hosts"}', 'I was not allowed to read the file /etc/hosts.'],
      ['→ read_file', 'The tool failed: ENOENT'],
      ['→ write_file', 'Nobody agreed to write the file'],
      ['→ get-sum {"a":7,"b":5}[^]*→ echo {"message":"hello"}', 'The sum of 7 and 5 is 12. The tool answered: hello'],
    ] as const) {
      expect(stdout).toMatch(new RegExp(`${calls}[^“]*“${answer}`));
    }
    expect(stdout).not.toContain('✗');
  });

  const interrupt = async (signals: readonly NodeJS.Signals[]): Promise<void> => {
    using folder = createTemporaryFolder();
    const demo = spawn(process.execPath, [story], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder.path },
    });
    const ended = once(demo, 'close');
    const output = watchLines(demo.stdout);
    await output.find((line) => line.includes('loading latchkey/nano'));
    const started = descendantsOf(demo.pid ?? 0);
    expect(started.length).toBeGreaterThan(0);
    for (const signal of signals) demo.kill(signal);
    expect(await ended).toEqual([130, null]);
    expect(started.filter(isRunning)).toEqual([]);
    // The data folder, and the administrator's token in it.
    expect(readdirSync(folder.path)).toEqual([]);
    expect(output.lines.join('\n')).not.toContain('Now you');
  };

  verifies('demo.interrupted', () => interrupt(['SIGINT']), 'while the model loads');
  // The terminal tells every process in the foreground, and npm tells its own once more.
  verifies('demo.interrupted', () => interrupt(['SIGINT', 'SIGINT', 'SIGTERM']), 'told more than once');
  verifies('demo.interrupted', () => interrupt(['SIGHUP']), 'when the terminal closes');
});
