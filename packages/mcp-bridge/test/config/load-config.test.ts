import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMcpJson } from '../../src/index.ts';

describe('loadMcpJson', () => {
  it('reads a file, with a byte order mark or without', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-'));
    const path = join(folder, 'mcp.json');
    await writeFile(path, '\uFEFF{"mcpServers": {"a": {"command": "x"}}}');
    const config = await loadMcpJson(path, {});
    await rm(folder, { recursive: true });
    expect([...config.servers.keys()]).toEqual(['a']);
  });

  it('rejects with the code for a wrong configuration when there is no file', async () => {
    await expect(loadMcpJson('/no/such/mcp.json', {})).rejects.toMatchObject({ code: 'MCP_CONFIG_INVALID' });
  });

  it('counts a relative cwd from the folder of the file, and leaves an absent one to the host', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-json-'));
    const path = join(folder, 'mcp.json');
    await writeFile(path, '{"mcpServers": {"here": {"command": "a", "cwd": "tools"}, "there": {"command": "b"}}}');
    const { servers } = await loadMcpJson(path, {});
    expect(servers.get('here')).toMatchObject({ cwd: join(folder, 'tools') });
    expect(servers.get('there')).not.toHaveProperty('cwd');
  });
});
