import { createAuditLog } from '@latchkey/auth-core';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addAuditCommands } from '../../src/command/audit.ts';
import { openAudit } from '../../src/command/read-audit.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

afterEach(() => void vi.restoreAllMocks());

/** Runs `latchkey audit` and returns what it prints. */
async function run(...args: readonly string[]): Promise<string> {
  const program = new Command('latchkey');
  addAuditCommands(program);
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  await program.parseAsync(['node', 'latchkey', 'audit', ...args]);
  return printed;
}

async function newLog(count: number, subject = 'x'): Promise<string> {
  const data = temporaryFolder();
  await using opened = new AsyncDisposableStack();
  const { store, secrets } = await openAudit(data, {}, opened);
  await using log = createAuditLog({ store, key: secrets });
  await Promise.all(
    Array.from({ length: count }, () => log.record({ type: 'tool.denied', actor: { name: 'ci' }, subject })),
  );
  return data;
}

describe('latchkey audit', () => {
  it('lists logs of more than one page', async () => {
    const lines = (await run('list', '--json', '--data', await newLog(2001))).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: 2001 }, (_, index) => index + 1));
  });

  it('lets no name in the log move the cursor', async () => {
    const data = await newLog(1, 'a\u001b[2Jb\nc\u009bd');
    expect(await run('list', '--data', data)).toContain('a\\u{001B}[2Jb\\u{000A}c\\u{009B}d');
    expect(JSON.parse(await run('list', '--json', '--data', data)).subject).toBe('a\u001b[2Jb\nc\u009bd');
  });

  it('prints no headings of a log that it cannot read', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await expect(run('list', '--data', '/nowhere/latchkey')).rejects.toThrow('no data folder');
    expect(write).not.toHaveBeenCalled();
    expect(await run('list', '--data', await newLog(0))).toMatch(/^SEQ .*\n$/);
  });

  it.each([
    [['verify', '--from-checkpoint', '--file', 'x'], /has no checkpoints/],
    [['verify', '--file', '/nowhere/audit.jsonl', '--data', '/nowhere'], /no key in \/nowhere/],
    [['export', '--resume'], /--output/],
    [['trim'], /--before 2027-01-31/],
    [['trim', '--keep', '0'], /not a number of entries/],
    [['list', '--after', 'x'], /not a place in the log/],
    [['verify', '--head', 'abc'], /SEQ:HASH/],
    [['verify', '--data', '/nowhere/latchkey'], /no data folder/],
    [['export', '--output', '/nowhere/latchkey'], /^\/nowhere\/latchkey cannot be written \(ENOENT\)\.$/],
  ])('%j is refused in plain words', async (args, words) => {
    await expect(run(...args)).rejects.toThrow(words);
  });
});
