import { chmodSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMcpJson } from '../../src/config/open-mcp-json.ts';
import { ownSecrets, reviewSecrets } from '../../src/config/own-secrets.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

/** A folder that others can enter, with files in it that only we can read. */
function publicFolder(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  chmodSync(folder, 0o755);
  for (const file of Object.keys(files)) chmodSync(join(folder, file), 0o600);
  return folder;
}

const entry = { command: 'x', envFile: '.env' };

describe('the list of our own secrets', () => {
  it('has the data folder, the configuration, mcp.json, the files of variables, and what the command line keeps', async () => {
    const folder = publicFolder({ 'mcp.json': JSON.stringify({ mcpServers: { a: entry } }), '.env': 'A=1' });
    const mcp = join(folder, 'mcp.json');
    const { servers } = await openMcpJson(mcp, {});
    const places = { data: join(folder, 'data'), mcp, configFile: join(folder, 'config.json') };
    expect(ownSecrets(places, servers, { HOME: folder }).map(({ path }) => path)).toEqual([
      join(folder, 'data'),
      join(folder, 'config.json'),
      mcp,
      join(homedir(), '.latchkey'),
      join(folder, '.latchkey/credentials'),
      join(folder, '.env'),
    ]);
  });
});

describe.skipIf(process.platform === 'win32')('a review of them', () => {
  async function review(modes: Readonly<Record<string, number>>): Promise<readonly string[]> {
    const text = JSON.stringify({ mcpServers: { a: entry } });
    const folder = publicFolder({ 'mcp.json': text, 'config.json': '{}', '.env': 'A=1' });
    const mcp = join(folder, 'mcp.json');
    const { servers } = await openMcpJson(mcp, {});
    for (const [file, mode] of Object.entries(modes)) chmodSync(join(folder, file), mode);
    const places = { data: join(folder, 'data'), mcp, configFile: join(folder, 'config.json') };
    return reviewSecrets(ownSecrets(places, servers, { HOME: folder }).filter(({ path }) => path.startsWith(folder)));
  }

  it('says nothing of what others cannot read', async () => {
    expect(await review({})).toEqual([]);
  });

  it('warns of a file of variables that others can read, and refuses one that they can write', async () => {
    expect(await review({ '.env': 0o644 })).toEqual([expect.stringMatching(/\.env can be read by others .*chmod 600/)]);
    await expect(review({ '.env': 0o666 })).rejects.toThrow(/\.env can be written by others/);
  });

  it.each(['mcp.json', 'config.json'])('refuses %s when others can read it', async (file) => {
    await expect(review({ [file]: 0o644 })).rejects.toThrow(/can be read by others .*chmod 600/);
  });
});

describe('openMcpJson', () => {
  it('names the file that is not there, is not JSON, or has a wrong key', async () => {
    const folder = publicFolder({ 'a.json': '{', 'b.json': '{"mcpServers": 1}' });
    await expect(openMcpJson(join(folder, 'none.json'), {})).rejects.toThrow(`${join(folder, 'none.json')}: there is`);
    await expect(openMcpJson(join(folder, 'a.json'), {})).rejects.toThrow(`${join(folder, 'a.json')}: `);
    await expect(openMcpJson(join(folder, 'b.json'), {})).rejects.toThrow(/b\.json: .*mcpServers/);
  });

  it.skipIf(process.platform === 'win32')('refuses one that others can write', async () => {
    const folder = publicFolder({ 'mcp.json': '{"mcpServers": {}}' });
    chmodSync(join(folder, 'mcp.json'), 0o666);
    await expect(openMcpJson(join(folder, 'mcp.json'), {})).rejects.toMatchObject({ code: 'unsafe_path' });
  });
});
