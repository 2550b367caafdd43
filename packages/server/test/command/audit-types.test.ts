import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/command/commands.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { runCommand } from './poison/run-command.ts';

describe('latchkey audit list --type', () => {
  it('takes the types of docs/audit.md and no others', async () => {
    const page = readFileSync(new URL('../../../../docs/audit.md', import.meta.url), 'utf8');
    const [table = ''] = page.split('What is marked "yes"');
    const documented = table
      .split('\n')
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+\.\w+)`/g)].map(([, type]) => type));
    const audit = (await createProgram()).commands.find((command) => command.name() === 'audit');
    const list = audit?.commands.find((command) => command.name() === 'list');
    const option = list?.options.find(({ long }) => long === '--type');
    expect([...(option?.argChoices ?? [])].sort()).toEqual(documented.sort());
  });

  it('refuses a type that there is not, as a mistake of the command line', async () => {
    const environment = { HOME: temporaryFolder() };
    const run = await runCommand(['audit', 'list', '--type', 'nonsense'], {
      isTerminal: false,
      input: '',
      environment,
    });
    expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('permission.denied') });
  });
});
