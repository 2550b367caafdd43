import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { verifies } from '../support/verifies.ts';

const story = join(dirname(fileURLToPath(import.meta.resolve('@latchkey/demo/package.json'))), 'src', 'main.ts');

describe('the demo', () => {
  verifies('demo.story', async () => {
    // Rejects when the exit code is another than 0.
    const { stdout } = await promisify(execFile)(process.execPath, [story]);
    expect(stdout).toContain('The first line of the tiktoken documentation is: # tiktoken');
    expect(stdout).toContain('✓ refused, and the answer says which grant lacks it');
    expect(stdout).not.toContain('✗');
  });
});
