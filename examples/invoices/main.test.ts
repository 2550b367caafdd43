import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it("the life of a customer's key goes as the example says", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts')]);
  expect(stdout).toBe(readFileSync(join(import.meta.dirname, 'output.txt'), 'utf8'));
});
