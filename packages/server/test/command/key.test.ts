import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/state/folder-lock.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { runCommand } from './poison/run-command.ts';

let data: string;
beforeEach(async () => {
  data = join(temporaryFolder(), 'data');
  await run(['token', 'create', 'ci', '--data', data]);
});

const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runCommand(args, { isTerminal: false, input: '', environment });
const key = (args: readonly string[], environment = {}) => run(['key', ...args, '--data', data], environment);

describe('latchkey key', () => {
  it('shows the secrets by their ids, changes them, and drops the former one', async () => {
    expect(await key(['status'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^[0-9a-f]{8} +present +1$/m),
    });
    const rotated = await key(['rotate']);
    expect(rotated).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/present +0\n[0-9a-f]{8} +former +1$/m),
    });
    expect(await key(['status', '--json'])).toMatchObject({ stdout: expect.stringContaining('"isCurrent":false') });
    expect(await key(['drop'])).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('needs the former key') });
    expect(await key(['drop', '--force'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('not used any more'),
    });
    expect(await key(['drop'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no former secret') });
    expect((await run(['audit', 'verify', '--data', data])).exitCode).toBe(0);
  });

  it('does not change the secret under a running server', async () => {
    using _server = lockFolder(data);
    expect(await key(['rotate'])).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('A server runs') });
  });

  it('does not change LATCHKEY_SECRET, and says what to set', async () => {
    const rotated = await key(['rotate'], { LATCHKEY_SECRET: 'x'.repeat(32) });
    expect(rotated).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('LATCHKEY_SECRET_FORMER') });
  });

  it('refuses LATCHKEY_SECRET where the secret of the file is not among the former ones, and shows no secret', async () => {
    const secret = 'a secret of at least 32 characters';
    const environment = { LATCHKEY_SECRET: secret, LATCHKEY_SECRET_FORMER: 'another one of at least 32 characters' };
    const refused = await key(['status'], environment);
    expect(refused).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('LATCHKEY_SECRET_FORMER') });
    for (const text of Object.values(environment)) expect(refused.stderr).not.toContain(text);
  });
});
