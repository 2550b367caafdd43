import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type McpHost, parseMcpJson } from '../../src/index.ts';
import { open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));

async function createFolder(): Promise<{ script: string; homes: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'programs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const script = join(folder, 'server.mjs');
  await copyFile(server, script);
  return { script, homes: join(folder, 'homes'), folder };
}

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
const change = async (script: string): Promise<void> =>
  writeFile(script, `${await readFile(script, 'utf8')}\n// another\n`);

function hostOf(script: string, homes: string | undefined, keys: object = {}): McpHost {
  const entry = { command: process.execPath, args: [script], sandbox: 'off', ...keys };
  return processHost({ a: entry }, homes === undefined ? {} : { serverHomes: homes });
}

async function start(host: McpHost): Promise<readonly string[]> {
  const toolset = await open(host, 'mcp/a');
  await toolset.close();
  expect(host.servers()[0]?.warnings).toEqual(host.warnings());
  return host.warnings();
}

describe('the program behind a label', () => {
  it('is met without a word the first time, and when it is the same', async () => {
    const { script, homes } = await createFolder();
    for (let count = 0; count < 2; count += 1) {
      await using host = hostOf(script, homes);
      expect(await start(host)).toEqual([]);
    }
  });

  it.each(['another script', 'another command', 'another argument'])('is reported when it is %s', async (what) => {
    const { script, homes, folder } = await createFolder();
    {
      await using host = hostOf(script, homes);
      await start(host);
    }
    let keys = {};
    if (what === 'another script') await change(script);
    if (what === 'another argument') {
      await copyFile(script, join(folder, 'other.mjs'));
      await change(join(folder, 'other.mjs'));
      keys = { args: [join(folder, 'other.mjs')] };
    }
    if (what === 'another command') {
      await writeFile(join(folder, 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
      keys = { command: join(folder, 'node') };
    }
    const { command = '', args = [script] } = keys as { command?: string; args?: string[] };
    const changed = command === '' ? (args[0] ?? '') : command;
    await using host = hostOf(script, homes, keys);
    expect(await start(host)).toEqual([
      `mcpServers.a is another program than at its last start: ${changed} (sha256 ${await digestOf(changed)}); "sha256" in its entry pins one`,
    ]);
    await using later = hostOf(script, homes, keys);
    expect(await start(later)).toEqual([]);
  });

  it('is told apart by what is in it, not by when it was written', async () => {
    const { script, homes } = await createFolder();
    {
      await using host = hostOf(script, homes);
      await start(host);
    }
    await writeFile(script, await readFile(script));
    await using host = hostOf(script, homes);
    expect(await start(host)).toEqual([]);
  });

  it('does not start when it is not the one that its entry pins, in a sandbox or without', async () => {
    const { script, homes } = await createFolder();
    const sha256 = { [script]: (await digestOf(script)).toUpperCase() };
    await using host = hostOf(script, homes, { sha256 });
    expect(await start(host)).toEqual([]);
    await change(script);
    for (const sandbox of ['off', 'auto']) {
      await using again = hostOf(script, homes, { sha256, sandbox });
      await expect(open(again, 'mcp/a')).rejects.toThrow(`its "sha256" pins ${script}, which has the digest`);
    }
    await rm(script);
    await using gone = hostOf(script, homes, { sha256 });
    await expect(open(gone, 'mcp/a')).rejects.toThrow('which is not there');
  });
});

describe('a pin of a program', () => {
  const read = (sha256: object) =>
    parseMcpJson(JSON.stringify({ mcpServers: { a: { command: 'x', args: ['/srv/a.js'], sha256 } } }), {});
  const digest = 'a'.repeat(64);

  it.each([[{ '/srv/b.js': digest }], [{ y: digest }], [{ x: 'abc' }], [{ x: 1 }]])(
    'that pins nothing is an error: %j',
    (sha256) => {
      const [name = ''] = Object.keys(sha256);
      expect(read(sha256).servers.get('a')?.problem).toMatch(/^mcpServers\.a\.sha256/);
      expect(read(sha256).servers.get('a')?.problem).toContain(name);
    },
  );

  it('may be of the command and of its arguments', () => {
    const entry = read({ x: digest, '/srv/a.js': digest }).servers.get('a');
    expect(entry).toMatchObject({ sha256: { x: digest, '/srv/a.js': digest } });
  });
});
