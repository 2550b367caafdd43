import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { addMcpImportCommand } from '../../src/command/mcp-import.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** Runs the command, and returns what it printed. */
async function run(...args: readonly string[]): Promise<string> {
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = new Command();
    addMcpImportCommand(program);
    await program.parseAsync(['node', 'mcp', 'import', ...args]);
  } finally {
    write.mockRestore();
  }
  return printed;
}

const TOML = `
[mcp_servers.files]
command = "npx"
args = ["-y", "server"]
[mcp_servers.keyed]
command = "x"
env_vars = ["A_VARIABLE_THAT_IS_NOT_SET"]
[mcp_servers.narrow]
command = "x"
restrictToTools = ["a"]
[mcp_servers."my web"]
url = "https://a.example/mcp"
enabled = false
`;

function setUp(mcpJson?: string) {
  const folder = temporaryFolder();
  const [source, file] = [join(folder, 'config.toml'), join(folder, 'mcp.json')];
  writeFileSync(source, TOML);
  if (mcpJson !== undefined) writeFileSync(file, mcpJson, { mode: 0o600 });
  const entries = (): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8')).mcpServers;
  return { source, file, entries };
}

describe('latchkey mcp import', () => {
  it('writes the servers that can be taken, and says why others are left out', async () => {
    const { source, file, entries } = setUp();
    const { servers, written } = JSON.parse(await run(source, '--mcp', file, '--yes', '--json'));
    expect(written).toBe(true);
    expect(servers).toMatchObject([
      { label: 'files', id: 'mcp/files', outcome: 'added', runs: 'npx -y server' },
      { label: 'keyed', outcome: 'added', note: expect.stringContaining('A_VARIABLE_THAT_IS_NOT_SET is not set') },
      { label: 'narrow', outcome: 'left out', note: expect.stringContaining('restrictToTools') },
      { label: 'my-web', outcome: 'added', note: 'it is switched off' },
    ]);
    expect(entries()).toEqual({
      files: { command: 'npx', args: ['-y', 'server'] },
      keyed: { command: 'x', env: { A_VARIABLE_THAT_IS_NOT_SET: `\${A_VARIABLE_THAT_IS_NOT_SET}` } },
      'my-web': { url: 'https://a.example/mcp', enabled: false },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps what is there, unless it may replace it', async () => {
    const { source, file } = setUp('{ "mcpServers": { /* mine */ "files": { "command": "mine" } } }');
    const kept = JSON.parse(await run(source, '--mcp', file, '--yes', '--json'));
    expect(kept.servers[0]).toMatchObject({ outcome: 'left out', note: expect.stringContaining('is there already') });
    expect(readFileSync(file, 'utf8')).toContain('/* mine */');
    const replaced = JSON.parse(await run(source, '--mcp', file, '--yes', '--json', '--replace'));
    expect(replaced.servers[0]).toMatchObject({ outcome: 'replaced' });
    expect(readFileSync(file, 'utf8')).toContain('"npx"');
  });

  it('writes nothing by a dry run, nor without consent', async () => {
    const { source, file } = setUp();
    expect(await run(source, '--mcp', file, '--dry-run')).toContain('npx -y server');
    await expect(run(source, '--mcp', file)).rejects.toThrow('say --yes');
    expect(existsSync(file)).toBe(false);
  });

  it('takes the server of a link, and shows no secret of it', async () => {
    const { file, entries } = setUp();
    const config = {
      command: 'npx -y server',
      env: { KEY: 'x' },
      args: ['--key', 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa'],
    };
    const link = `lmstudio://add_mcp?name=A%20B&config=${Buffer.from(JSON.stringify(config)).toString('base64url')}`;
    const printed = await run(link, '--mcp', file, '--yes');
    expect(printed).toContain('npx -y server');
    expect(printed).not.toContain('aaaaaaaaaaaaaaaaaaaa');
    expect(Object.keys(entries())).toEqual(['A-B']);
  });

  it.each([
    ['/nonexistent.json', 'cannot be read (ENOENT)'],
    ['https://example.com', 'describes no MCP server'],
  ])('says what is wrong with %s', async (source, words) => {
    await expect(run(source, '--mcp', setUp().file, '--yes')).rejects.toThrow(words);
  });
});
