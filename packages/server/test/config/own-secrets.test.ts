import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openMcpJson } from '../../src/config/open-mcp-json.ts';
import { hiddenPlaces, ownSecrets, reviewSecrets } from '../../src/config/own-secrets.ts';
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
  it('has the data folder, the configuration, mcp.json, the files of variables and of secrets, backups, and what the command line keeps', async () => {
    const folder = publicFolder({ 'mcp.json': JSON.stringify({ mcpServers: { a: entry } }), '.env': 'A=1' });
    const mcp = join(folder, 'mcp.json');
    const { servers } = await openMcpJson(mcp, {});
    const places = { data: join(folder, 'data'), mcp, configFile: join(folder, 'config.json') };
    mkdirSync(places.data, { mode: 0o700 });
    writeFiles(places.data, { 'backups.json': '["/srv/backup"]' });
    const environment = { HOME: folder, LATCHKEY_SECRET_FILE: join(folder, 'key'), LATCHKEY_DATABASE_FILE: '/srv/db' };
    expect(ownSecrets(places, servers, environment).map(({ path }) => path)).toEqual([
      join(folder, 'data'),
      join(folder, 'config.json'),
      mcp,
      join(homedir(), '.latchkey'),
      join(folder, '.latchkey/credentials'),
      join(folder, '.latchkey/known-servers.json'),
      '/srv/db',
      join(folder, 'key'),
      join(folder, '.env'),
      '/srv/backup',
    ]);
  });

  it('has no places of the command line where there is no home folder, as in a container', () => {
    vi.stubEnv('HOME', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(ownSecrets({ data: '/d' }, new Map(), {}).map(({ path }) => path)).toEqual(['/d']);
  });

  it('is hidden from MCP servers as a whole, and so is the log', () => {
    const data = join(temporaryFolder(), 'data');
    const secrets = ownSecrets({ data }, new Map(), { HOME: data }).map(({ path }) => path);
    expect(hiddenPlaces({ data, logFile: '/log/latchkey.log' }, new Map(), { HOME: data })).toEqual([
      ...secrets,
      '/log/latchkey.log',
    ]);
  });

  it('cannot be known where the list of backups is damaged', () => {
    const data = temporaryFolder();
    writeFiles(data, { 'backups.json': '["/srv/backup"' });
    expect(() => ownSecrets({ data }, new Map(), { HOME: data })).toThrow(/backups\.json is not a list of folders/);
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

  it.each([0o755, 0o777])('only warns of a backup that others can access, which no server reads: %o', (mode) => {
    const folder = publicFolder({});
    const [data, copy] = [join(folder, 'data'), join(folder, 'copy')];
    for (const path of [data, copy]) mkdirSync(path, { mode: 0o700 });
    writeFiles(data, { 'backups.json': JSON.stringify([copy]) });
    chmodSync(copy, mode);
    const secrets = ownSecrets({ data }, new Map(), { HOME: data }).filter(({ path }) => path.startsWith(folder));
    expect(reviewSecrets(secrets)).toEqual([expect.stringMatching(/copy can be (?:read|written) by others/)]);
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
