import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusedPaths } from '../../src/sandbox/refused-path.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, noSignal, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.bubblewrap !== undefined && tools.prlimit !== undefined;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the paths that a program says it could not reach', () => {
  it.each([
    ["Error: EROFS: read-only file system, open '/srv/data/notes.db'", ['/srv/data/notes.db']],
    ["Error: EACCES: permission denied, mkdir '/srv/my data'", ['/srv/my data']],
    ["Error: EPERM: operation not permitted, rename '/srv/a' -> '/srv/b'", ['/srv/a', '/srv/b']],
    ["OSError: [Errno 30] Read-only file system: '/srv/data/x'", ['/srv/data/x']],
    ["PermissionError: [Errno 13] Permission denied: '/srv/data'", ['/srv/data']],
    ['open /srv/data/state.json: read-only file system', ['/srv/data/state.json']],
    ['panic: mkdir /srv/cache: permission denied', ['/srv/cache']],
    ["mkdir: cannot create directory '/srv/x': Read-only file system", ['/srv/x']],
    ['mkdir: cannot create directory \u2018/srv/x\u2019: Permission denied', ['/srv/x']],
    ['sh: 1: cannot create /srv/out.txt: Read-only file system', ['/srv/out.txt']],
    ['Error: Read-only file system (os error 30) at path "/srv/data/.tmp"', ['/srv/data/.tmp']],
    ["ENOENT: no such file or directory, mkdir '/home/ada/.cache/tool'", ['/home/ada/.cache/tool']],
    ["open '/srv/../srv/data'", []],
    ["EACCES: permission denied, open '/srv/../srv/data'", ['/srv/data']],
    ['GET https://example.com/a/b: permission denied', []],
    ["EACCES: permission denied, open 'relative/path'", []],
    ['wrote /srv/data\nall is well', []],
  ])('%j', (output, expected) => {
    expect(refusedPaths(output)).toEqual(expected);
  });

  it('are few, and found soon in a long output', () => {
    const many = Array.from({ length: 5000 }, (_, at) => `EROFS '/srv/${at}' ${'/'.repeat(400)}`).join('\n');
    expect(refusedPaths(many).length).toBeLessThan(20);
  });
});

describe.runIf(works)('a file that a sandbox keeps from a server', () => {
  const write = (path: string): string =>
    `const { writeFile } = await load('node:fs/promises'); try { await writeFile(${JSON.stringify(path)}, 'x'); } catch (error) { throw new Error(error.message); }`;

  it('is named in the reason of a start that failed, with what gives it', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'server.mjs');
    await mkdir(join(folder, 'data'));
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(`${folder}/data/a.db`)}, '');`,
    );
    const entry = { command: process.execPath, args: [script] };
    await using host = processHost({ probe: entry });
    const failure: Error = await open(host, 'mcp/probe').then(
      () => new Error('it started'),
      (error: Error) => error,
    );
    expect(failure.message).toContain(`its sandbox keeps it from "${folder}/data/a.db"`);
    expect(failure.message).toContain(`so name "${folder}/data" there`);
    const [status] = host.servers();
    expect(status?.error).toContain(`so name "${folder}/data" there`);
    // Named, it is given.
    await using other = processHost({ probe: { ...entry, env: { DATA: join(folder, 'data') } } });
    await expect(open(other, 'mcp/probe')).rejects.toThrow(/^((?!sandbox).)*$/s);
  });

  it('is listed with its server when a tool says so', async () => {
    const folder = await temporaryFolder();
    await using host = processHost({ probe: { command: process.execPath, args: [server] } });
    const toolset = await open(host, 'mcp/probe');
    await call(toolset, 'run', { code: write(`${folder}/notes.txt`) });
    const warnings = () =>
      host
        .servers()
        .flatMap((status) => status.warnings)
        .join(' ');
    expect(warnings()).toContain(`mcpServers.probe: its sandbox keeps it from "${folder}/notes.txt"`);
  });

  it('is not named where the user may not reach it either, nor what is a secret of the host', async () => {
    const folder = await temporaryFolder();
    const options = { hiddenFromServers: [folder] };
    await using host = processHost({ probe: { command: process.execPath, args: [server] } }, options);
    const toolset = await open(host, 'mcp/probe');
    for (const path of [`${folder}/secret`, '/nowhere/at/all/x', '/proc/1/mem'])
      await call(toolset, 'run', { code: write(path) });
    expect(host.servers()[0]?.warnings.filter((warning) => warning.includes('keeps it from'))).toEqual([]);
    await host.tools('mcp/probe', () => ({ allowed: true }), { start: true, signal: noSignal() });
  });

  it('is a matter of the list where the entry has one', async () => {
    const folder = await temporaryFolder();
    const sandbox = { read: [server] };
    await using host = processHost({ probe: { command: process.execPath, args: [server], sandbox } });
    await call(await open(host, 'mcp/probe'), 'run', { code: write(`${folder}/a.txt`) });
    expect(host.servers()[0]?.warnings.join(' ')).toContain(
      `"${folder}" among "write" (or "read") in its "sandbox" gives it`,
    );
  });
});
