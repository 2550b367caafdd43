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
});
