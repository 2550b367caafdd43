import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMcpHost, loadMcpJson, type McpHost, type McpHostOptions } from '../../src/index.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { seccompFilter } from '../../src/sandbox/seccomp.ts';
import { call, open } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.bubblewrap !== undefined && tools.prlimit !== undefined;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function hostOf(
  folder: string,
  mcpServers: Record<string, object>,
  options: Partial<McpHostOptions> = {},
): Promise<McpHost> {
  const file = join(folder, 'mcp.json');
  await writeFile(file, JSON.stringify({ mcpServers }));
  return createMcpHost({ config: await loadMcpJson(file, {}), ...options });
}

const probe = (entry: object = {}) => ({ command: process.execPath, args: [server], ...entry });

async function run(host: McpHost, id: string, code: string): Promise<string> {
  const outcome = await call(await open(host, id), 'run', {
    code: `const fs = await load('node:fs/promises'); ${code}`,
  });
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

describe.runIf(works)('what the host itself runs', () => {
  const program = async (path: string): Promise<string> => {
    await writeFile(path, '#!/bin/sh\necho TOKEN=1\n');
    await chmod(path, 0o755);
    return path;
  };

  it.each(['envCommand', 'headersCommand', 'command', 'script', 'link', 'envFile'])(
    'is refused where a server could change it: %s',
    async (what) => {
      const folder = await temporaryFolder();
      const [own, outside] = [join(folder, 'own'), join(folder, 'outside')];
      await Promise.all([own, outside].map((path) => mkdir(path)));
      const inside = await program(join(own, 'token'));
      const link = join(own, 'link');
      await symlink(await program(join(outside, 'token')), link);
      await writeFile(join(own, '.env'), 'A=1\n');
      const victims: Record<string, object> = {
        envCommand: probe({ envCommand: [inside] }),
        headersCommand: { url: 'http://127.0.0.1:9/mcp', headersCommand: [inside] },
        command: { command: inside, sandbox: 'off' },
        script: { command: '/bin/sh', args: [inside], sandbox: 'off' },
        link: probe({ envCommand: [link] }),
        envFile: probe({ envFile: join(own, '.env'), sandbox: 'off' }),
      };
      await using host = await hostOf(folder, { other: probe({ cwd: own }), victim: victims[what] ?? {} });
      await expect(open(host, 'mcp/victim')).rejects.toThrow(/which the server "other" can change: move it out/);
      expect(await run(host, 'mcp/other', 'return 1;')).toBe('1');
    },
  );

  it('runs from everywhere else, and the usual .env beside a server goes on working', async () => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(own);
    await writeFile(join(own, '.env'), `GIVEN=1\nPLACE=${folder}\n`);
    const envCommand = [await program(join(folder, 'token'))];
    await using host = await hostOf(folder, { a: probe({ cwd: own, envFile: join(own, '.env'), envCommand }) });
    expect(await run(host, 'mcp/a', 'return [process.env.GIVEN, process.env.TOKEN];')).toBe('["1","1"]');
    expect(await run(host, 'mcp/a', `await fs.writeFile('${own}/new', 'x');`)).toBe('null');
    // It neither rewrites the file, nor opens a folder by it.
    expect(await run(host, 'mcp/a', `await fs.writeFile('${own}/.env', 'x');`)).toMatch(/^failed: E/);
    expect(await run(host, 'mcp/a', `await fs.rename('${own}/new', '${own}/.env');`)).toMatch(/^failed: E/);
    expect(await run(host, 'mcp/a', `await fs.writeFile('${folder}/x', 'x');`)).toMatch(/^failed: E/);
  });
});

describe.runIf(works)('a server in the sandbox "auto"', () => {
  it('keeps its home, and has it to itself', async () => {
    const folder = await temporaryFolder();
    const options = { serverHomes: join(folder, 'homes'), hiddenFromServers: [join(folder, 'homes')] };
    const save = "await fs.writeFile(process.env.HOME + '/cache', 'kept');";
    const load = "return await fs.readFile(process.env.HOME + '/cache', 'utf8');";
    {
      await using host = await hostOf(folder, { a: probe(), b: probe() }, options);
      expect(await run(host, 'mcp/a', save)).toBe('null');
    }
    await using host = await hostOf(folder, { a: probe(), b: probe({ args: [server, folder] }) }, options);
    expect(await run(host, 'mcp/a', load)).toBe('"kept"');
    expect(await run(host, 'mcp/b', load)).toBe('failed: ENOENT');
    expect(await run(host, 'mcp/b', `return await fs.readdir('${folder}/homes');`)).toBe('[]');
  });

  it('starts again from what a runner has kept, where its programs name the cache as their interpreter (uvx)', async () => {
    const folder = await temporaryFolder();
    const [home, bin] = [join(folder, 'home'), join(folder, 'bin')];
    for (const path of [home, bin]) await mkdir(path);
    // As uv does it: a wheel in the cache, hard links to it in an environment, whose interpreter is a link, and a program
    // whose first line names that.
    const runner = `#!/bin/sh
      set -e
      cache=\${UV_CACHE_DIR:-\${XDG_CACHE_HOME:-$HOME/.cache}/uv}
      environment=$cache/archive-v0/one
      if [ ! -x "$environment/bin/$1" ]; then
        [ -z "$UV_OFFLINE" ] || { echo 'not in the cache' >&2; exit 2; }
        mkdir -p "$cache/wheels-v5" "$environment/bin"
        cp '${server}' "$cache/wheels-v5/server.mjs"
        ln "$cache/wheels-v5/server.mjs" "$environment/server.mjs"
        ln -s '${process.execPath}' "$environment/bin/python"
        printf '#!%s\nimport("%s");\n' "$environment/bin/python" "$environment/server.mjs" > "$environment/bin/$1"
        chmod +x "$environment/bin/$1"
      fi
      exec "$environment/bin/$1"`;
    await writeFile(join(bin, 'uvx'), runner.replaceAll('\n      ', '\n'));
    await chmod(join(bin, 'uvx'), 0o755);
    const environment = { HOME: home, PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin` };
    const options = { serverHomes: join(folder, 'homes'), environment };
    for (const env of [{}, { UV_OFFLINE: '1' }]) {
      await using host = await hostOf(
        folder,
        { a: { command: 'uvx', args: ['mcp-server', server, process.execPath], env } },
        options,
      );
      expect(await run(host, 'mcp/a', 'return process.argv[1];')).toMatch(
        /\.cache\/uv\/archive-v0\/one\/bin\/mcp-server/,
      );
    }
    expect(await readdir(home)).toEqual([]);
    // Another server has nothing of it.
    const other = { command: 'uvx', args: ['mcp-server', server, process.execPath], env: { UV_OFFLINE: '1' } };
    await using host = await hostOf(folder, { b: other }, options);
    await expect(run(host, 'mcp/b', 'return 1;')).rejects.toThrow();
  });

  it('keeps what Node has compiled in its kept home, unless its entry names another place', async () => {
    const folder = await temporaryFolder();
    const options = { serverHomes: join(folder, 'homes') };
    const servers = { a: probe(), b: probe({ env: { NODE_COMPILE_CACHE: '/tmp/own' } }) };
    const place = 'return [process.env.NODE_COMPILE_CACHE, process.env.HOME];';
    await using host = await hostOf(folder, servers, options);
    const [cache, home] = JSON.parse(await run(host, 'mcp/a', place)) as [string, string];
    expect(cache).toMatch(new RegExp(`^${home}/`));
    expect(await run(host, 'mcp/b', place)).toContain('"/tmp/own"');
    await using homeless = await hostOf(folder, servers);
    expect(JSON.parse(await run(homeless, 'mcp/a', place))).toEqual([null, home]);
  });

  it('reads a file that its entry names, and nothing beside it', async () => {
    const folder = await temporaryFolder();
    for (const name of ['config', 'key']) await writeFile(join(folder, name), name);
    await using host = await hostOf(folder, { a: probe({ env: { KUBECONFIG: join(folder, 'config') } }) });
    expect(await run(host, 'mcp/a', `return await fs.readFile('${folder}/config', 'utf8');`)).toBe('"config"');
    expect(await run(host, 'mcp/a', `return await fs.readFile('${folder}/key', 'utf8');`)).toBe('failed: ENOENT');
    expect(await run(host, 'mcp/a', `await fs.writeFile('${folder}/config', 'x');`)).toMatch(/^failed: E/);
    expect(await readFile(join(folder, 'config'), 'utf8')).toBe('config');
  });

  it('has its variables as they are written, whatever their names and values', async () => {
    const folder = await temporaryFolder();
    const env = { 'a.b-c': "it's", QUOTED: '"$HOME" `x` \\', LINES: 'one\ntwo', EMPTY: '', LD_BIND_NOW: '1' };
    await using host = await hostOf(folder, { a: probe({ env }) });
    const names = JSON.stringify(Object.keys(env));
    const inside = await run(
      host,
      'mcp/a',
      `return Object.fromEntries(${names}.map((name) => [name, process.env[name]]));`,
    );
    expect(JSON.parse(inside)).toEqual(env);
  });
});

describe('the filter for system calls', () => {
  it.each(['x64', 'arm64'])('is a sound program on %s: each jump stays inside, and each way ends', (architecture) => {
    const filter = seccompFilter(architecture) ?? Buffer.alloc(0);
    const length = filter.length / 8;
    expect(length).toBeGreaterThan(60);
    for (let index = 0; index < length; index += 1) {
      const code = filter.readUInt16LE(index * 8);
      const isJump = (code & 7) === 5;
      const furthest =
        index + 1 + (isJump ? Math.max(filter.readUInt8(index * 8 + 2), filter.readUInt8(index * 8 + 3)) : 0);
      if (code !== 6) expect(furthest).toBeLessThan(length);
    }
    expect(filter.readUInt16LE((length - 1) * 8)).toBe(6);
  });

  it.each(['x64', 'arm64'])('admits sockets of files and networks, and no other family: %s', (architecture) => {
    const filter = seccompFilter(architecture) ?? Buffer.alloc(0);
    const [audit, socket] = architecture === 'x64' ? [0xc000003e, 41] : [0xc00000b7, 198];
    const families = Array.from({ length: 64 }, (_, family) => family);
    const admitted = families.filter((family) => outcome(filter, { 0: socket, 4: audit, 16: family }) === 0x7fff0000);
    expect(admitted).toEqual([1, 2, 10, 16]);
  });

  it('is left out, and reported, where its numbers are not known', () => {
    expect(seccompFilter('s390x')).toBeUndefined();
  });
});

/** What the kernel would do with a call: loads, comparisons and returns are all that the filter is made of. */
function outcome(filter: Buffer, call: Readonly<Record<number, number>>): number {
  let loaded = 0;
  for (let at = 0; ; at += 1) {
    const code = filter.readUInt16LE(at * 8);
    const operand = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return operand;
    if (code === 0x20) loaded = call[operand] ?? 0;
    else {
      const holds = { 21: loaded === operand, 53: loaded >= operand, 69: (loaded & operand) !== 0 }[code];
      at += filter.readUInt8(at * 8 + (holds === true ? 2 : 3));
    }
  }
}
