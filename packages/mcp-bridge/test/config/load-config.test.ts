import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadMcpJson } from '../../src/index.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-json-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('loadMcpJson', () => {
  it('reads a file, with a byte order mark or without', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'mcp.json');
    await writeFile(path, '\uFEFF{"mcpServers": {"a": {"command": "x"}}}');
    const config = await loadMcpJson(path, {});
    expect([...config.servers.keys()]).toEqual(['a']);
  });

  it('rejects with the code for a wrong configuration when there is no file', async () => {
    await expect(loadMcpJson('/no/such/mcp.json', {})).rejects.toMatchObject({ code: 'MCP_CONFIG_INVALID' });
  });

  it('counts a relative cwd from the folder of the file, and leaves an absent one to the host', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'mcp.json');
    await writeFile(path, '{"mcpServers": {"here": {"command": "a", "cwd": "tools"}, "there": {"command": "b"}}}');
    const { servers } = await loadMcpJson(path, {});
    expect(servers.get('here')).toMatchObject({ cwd: join(folder, 'tools') });
    expect(servers.get('there')).not.toHaveProperty('cwd');
  });

  it('reads the variables of an envFile beside the file; env wins, and nothing in it is replaced', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'mcp.json');
    await writeFile(join(folder, '.env'), `# ours\nexport A=from-file\nB="two words"\n\nC=\${A}\nD=\n`);
    const entry = { command: 'x', envFile: `\${workspaceFolder}/.env`, env: { A: 'from-json' } };
    await writeFile(path, JSON.stringify({ mcpServers: { a: entry, b: { ...entry, envFile: 'none.env' } } }));
    const { servers } = await loadMcpJson(path, {});
    expect(servers.get('a')).toMatchObject({ env: { A: 'from-json', B: 'two words', C: `\${A}`, D: '' } });
    expect(servers.get('a')).not.toHaveProperty('problem');
    expect(servers.get('b')?.problem).toBe('its envFile could not be read');
    await writeFile(join(folder, '.env'), 'no variable and a secret');
    expect((await loadMcpJson(path, {})).servers.get('a')?.problem).toBe(
      'its envFile holds something other than lines of KEY=VALUE',
    );
  });
});
