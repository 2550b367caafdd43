import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addMcpTestCommand } from '../../src/command/mcp-test.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

describe('latchkey mcp test', () => {
  it('says which file is missing', async () => {
    const file = join(temporaryFolder(), 'mcp.json');
    const program = new Command();
    addMcpTestCommand(program);
    await expect(program.parseAsync(['node', 'mcp', 'test', 'a', '--mcp', file])).rejects.toThrow(
      `There is no file ${file}.`,
    );
  });

  it('shows what a server printed that did not start', async () => {
    const file = join(temporaryFolder(), 'mcp.json');
    const fails = "process.stderr.write('npm error 404 no such package'); process.exitCode = 1";
    const entry = { command: process.execPath, args: ['--eval', fails], sandbox: 'off' };
    writeFileSync(file, JSON.stringify({ mcpServers: { bad: entry } }), { mode: 0o600 });
    const program = new Command();
    addMcpTestCommand(program);
    const tried = program.parseAsync(['node', 'mcp', 'test', 'bad', '--mcp', file]);
    await expect(tried).rejects.toThrow(/could not be started.*\nIt printed:\n {2}npm error 404 no such package/s);
  });
});
