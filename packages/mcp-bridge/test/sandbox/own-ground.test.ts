import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

  const remote = (...headersCommand: string[]) => ({ url: 'http://127.0.0.1:9/mcp', headersCommand });
  const off = (keys: object) => probe({ sandbox: 'off', ...keys });
  /** Entries with something that the host itself runs or reads, in a folder that another server writes. */
  const victims: Record<string, (own: string) => object> = {
    envCommand: (own) => probe({ envCommand: [`${own}/token`] }),
    'envCommand in a line for a shell': (own) => probe({ envCommand: ['sh', '-c', `exec "${own}/token"; true`] }),
    'envCommand in a folder that a line goes to': (own) => probe({ envCommand: ['sh', '-c', `cd ${own}&&./token`] }),
    'envCommand by the folder of its package': (own) => probe({ envCommand: ['npm', '--prefix', own, 'run', 'token'] }),
    'envCommand by the value of an option': (own) => probe({ envCommand: ['make', `--directory=${own}`] }),
    headersCommand: (own) => remote(`${own}/token`),
    'headersCommand in a line for a shell': (own) => remote('bash', '-c', `source ${own}/token`),
    command: (own) => ({ command: `${own}/token`, sandbox: 'off' }),
    script: (own) => ({ command: '/bin/sh', args: [`${own}/token`], sandbox: 'off' }),
    'a line for a shell': (own) => ({ command: 'sh', args: ['-c', `cd ${own}; npm start`], sandbox: 'off' }),
    'the folder that it starts in': (own) => ({ command: 'npm', args: ['start'], cwd: own, sandbox: 'off' }),
    'the folder of its project': (own) => ({
      command: 'uv',
      args: ['run', '--directory', own, 'mcp-server'],
      sandbox: 'off',
    }),
    'a repository that its git works in': (own) => ({
      command: 'uvx',
      args: ['mcp-server-git', '--repository', own],
      sandbox: 'off',
    }),
    'a repository that its git finds in a variable': (own) => ({
      command: 'npx',
      args: ['-y', '@cyanheads/git-mcp-server'],
      env: { GIT_BASE_DIR: own },
      sandbox: 'off',
    }),
    'a repository whose hooks are run for envCommand': (own) =>
      probe({ envCommand: ['git', '-C', own, 'config', 'token'] }),
    'a program in a folder of a relative PATH': (own) => ({
      command: 'token',
      cwd: join(own, '../outside'),
      sandbox: 'off',
    }),
    'what a container engine reads': (own) => ({
      command: 'docker',
      args: ['compose', '-f', `${own}/token`, 'run', 'a'],
    }),
    'the project of a container engine': (own) => ({ command: 'podman', args: ['compose', 'up'], cwd: own }),
    'a folder that a container is given': (own) => ({
      command: 'docker',
      args: ['run', '-v', `${own}/data:/data`, 'a'],
    }),
    'programs that a container engine runs': (own) => ({
      command: 'docker',
      args: ['run', 'a'],
      env: { DOCKER_CONFIG: `${own}/data` },
    }),
    'code that a variable names': (own) => off({ env: { NODE_OPTIONS: `--require=${own}/token` } }),
    'a folder of code that a variable names': (own) => off({ env: { PYTHONPATH: `/usr/lib:${own}` } }),
    link: (own) => probe({ envCommand: [`${own}/link`] }),
    envFile: (own) => off({ envFile: `${own}/.env` }),
  };

  it.each(Object.keys(victims))('is refused where a server could change it: %s', async (what) => {
    const folder = await temporaryFolder();
    const [own, outside] = [join(folder, 'own'), join(folder, 'outside')];
    await Promise.all([own, outside].map((path) => mkdir(path)));
    await program(join(own, 'token'));
    await symlink(await program(join(outside, 'token')), join(own, 'link'));
    await writeFile(join(own, '.env'), 'A=1\n');
    await mkdir(join(own, 'data'));
    const path = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = path;
    });
    // Before the folders of the system, as for the tools of a project.
    if (what.includes('PATH')) process.env.PATH = `../own:${path}`;
    await using host = await hostOf(folder, { other: probe({ cwd: own }), victim: victims[what]?.(own) ?? {} });
    await expect(open(host, 'mcp/victim')).rejects.toThrow(/which the server "other" can change: move it out/);
    expect(await run(host, 'mcp/other', 'return 1;')).toBe('1');
  });

  it('are the tools of its sandboxes, and not what a server puts on the PATH', async () => {
    const folder = await temporaryFolder();
    const bin = join(folder, 'own/node_modules/.bin');
    await mkdir(bin, { recursive: true });
    const ran = join(folder, 'ran');
    for (const tool of ['bwrap', 'prlimit', 'pasta', 'ip', 'sh']) {
      await writeFile(join(bin, tool), `#!/bin/sh\necho ${tool} >> '${ran}'\nexit 1\n`);
      await chmod(join(bin, tool), 0o755);
    }
    const path = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = path;
    });
    process.env.PATH = `${bin}:${path}`;
    await using host = await hostOf(folder, { a: probe({ args: [server, join(folder, 'own')] }) });
    expect(await run(host, 'mcp/a', 'return process.env.HOME;')).toBe('"/run/mcp-home"');
    expect(await readFile(ran, 'utf8').catch(({ code }) => code)).toBe('ENOENT');
  });

  it('is its own code as well, which no server changes, and what it loads', async () => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(join(own, 'app/host'), { recursive: true });
    await mkdir(join(own, 'models'));
    const module = new URL('../../src/index.ts', import.meta.url).href;
    const attack = `
      const fs = await load('node:fs/promises');
      const done = [];
      for (const path of ['app/host/run.mjs', 'app/host/beside.mjs', 'app/node_modules/a', 'node_modules/a', 'models/a', 'new'])
        await fs.writeFile('${own}/' + path, '').then(() => done.push(path), () => {});
      await fs.rename('${own}/app', '${own}/moved').then(() => done.push('moved'), () => {});
      return done.join();`;
    const program = `
      import { createMcpHost, parseMcpJson } from ${JSON.stringify(module)};
      const mcpServers = { a: ${JSON.stringify(probe({ args: [server, own] }))} };
      const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
      await using host = createMcpHost({ config, keptFromServers: [${JSON.stringify(join(own, 'models'))}] });
      const signal = AbortSignal.timeout(60_000);
      const toolset = await host.openToolset([{ server: 'mcp/a' }], () => ({ allowed: true }), signal);
      console.log((await toolset.call('run', { code: ${JSON.stringify(attack)} }, { signal })).text);`;
    await writeFile(join(own, 'app/host/run.mjs'), program);
    const { stdout } = await promisify(execFile)(process.execPath, [join(own, 'app/host/run.mjs')]);
    expect(stdout).toBe('"new"\n');
    expect(await readFile(join(own, 'app/host/run.mjs'), 'utf8')).toBe(program);
  });

  it('is not refused for data that two servers share', async () => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(own);
    const victim = probe({ sandbox: 'off', args: [server, own], env: { DATA_FOLDER: own, MEMORY: `${own}/new` } });
    await using host = await hostOf(folder, { other: probe({ cwd: own }), victim });
    expect(await run(host, 'mcp/victim', 'return 1;')).toBe('1');
  });

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

describe.runIf(works)('links in a folder that a server writes', () => {
  it.each(['auto', 'closed'])('choose no place for another server: %s', async (how) => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    for (const name of ['own', 'letters', 'own/in']) await mkdir(join(folder, name));
    await symlink('../letters', join(own, 'work'));
    await symlink('in', join(own, 'within'));
    const victim = (place: string) =>
      how === 'auto' ? probe({ cwd: place }) : probe({ sandbox: { read: [server], write: [place] } });
    const off = probe({ args: [server, join(own, 'work')], sandbox: 'off' });
    const servers = { other: probe({ cwd: own }), a: victim(join(own, 'work')), b: victim(join(own, 'within')), off };
    await using host = await hostOf(folder, servers);
    await expect(open(host, 'mcp/off')).rejects.toThrow(`by the link ${own}/work, which the server "other" can change`);
    await expect(open(host, 'mcp/a')).rejects.toThrow(
      `by the link ${own}/work, which the server "other" can change: name ${folder}/letters itself`,
    );
    expect(await run(host, 'mcp/b', 'return 1;')).toBe('1');
  });

  it.each([
    ['its own envFile', 'way', (way: string) => ({ probe: { envFile: way } })],
    ['the program of another server', 'way', (way: string) => ({ other: { command: './way', cwd: dirname(way) } })],
    ['a script of another server', 'way.mjs', (way: string) => ({ other: { args: [way] } })],
  ] as const)('stay as they are on the way to %s', async (_what, name, keys) => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    for (const path of ['own', 'own/in', 'there']) await mkdir(join(folder, path));
    await writeFile(join(folder, 'there/file'), 'GIVEN=1\n');
    await chmod(join(folder, 'there/file'), 0o755);
    await symlink('../there/file', join(own, 'way'));
    await writeFile(join(folder, 'there/file.mjs'), '');
    await symlink('../there/file.mjs', join(own, 'way.mjs'));
    const way = join(own, name);
    const given: { probe?: object; other?: object } = keys(way);
    const servers = { probe: probe({ args: [server, own], ...given.probe }), other: probe(given.other) };
    await using host = await hostOf(folder, servers);
    const replaceIt = `
      await fs.writeFile('${own}/in/aside', 'hostile');
      await fs.rename('${own}/in/aside', '${way}').catch(() => {});
      await fs.rm('${way}').catch(() => {});
      await fs.writeFile('${own}/in/aside', 'hostile');
      await fs.symlink('${own}/in/aside', '${way}').catch(() => {});`;
    expect(await run(host, 'mcp/probe', replaceIt)).toBe('null');
    expect(await readlink(way)).toBe(`../there/${name.replace('way', 'file')}`);
  });
});

describe.runIf(works)('secrets in folders of which one is in the other', () => {
  it.each([
    ['the outer first', ['a/outer', 'a/b/inner']],
    ['the inner first', ['a/b/inner', 'a/outer']],
  ])('are all hidden, and stay as they are: %s', async (_, names) => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(join(own, 'a/b/c'), { recursive: true });
    const secrets = names.map((name) => join(own, name));
    for (const secret of secrets) await writeFile(secret, 'CANARY');
    await using host = await hostOf(folder, { a: probe({ args: [server, own] }) }, { hiddenFromServers: secrets });
    for (const secret of secrets) {
      expect(await run(host, 'mcp/a', `return await fs.readFile('${secret}', 'utf8');`)).toBe('failed: ENOENT');
      expect(await run(host, 'mcp/a', `await fs.writeFile('${secret}', 'x');`)).toMatch(/^failed: E/);
      expect(await readFile(secret, 'utf8')).toBe('CANARY');
    }
    expect(await run(host, 'mcp/a', `await fs.writeFile('${own}/a/b/c/new', 'x');`)).toBe('null');
  });
});

describe.runIf(works)('a place where nothing is yet', () => {
  it('stays empty for a server that only reads around it', async () => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(own);
    await writeFile(join(own, 'run.mjs'), await readFile(server));
    const place = join(own, 'credentials');
    const entry = { command: process.execPath, args: [join(own, 'run.mjs')] };
    await using host = await hostOf(folder, { a: entry }, { hiddenFromServers: [place] });
    expect(await run(host, 'mcp/a', `return (await fs.readdir('${own}')).join();`)).toBe('"run.mjs"');
    await writeFile(place, 'CANARY');
    expect(await run(host, 'mcp/a', `return await fs.readFile('${place}', 'utf8');`)).toBe('failed: ENOENT');
  });

  it.each(['a secret', 'denyWrite', 'denyRead'])('stays empty for a server that writes around it: %s', async (what) => {
    const folder = await temporaryFolder();
    const own = join(folder, 'own');
    await mkdir(join(own, 'sub'), { recursive: true });
    const place = join(own, 'conf/mcp.json');
    const filesystem = { allowWrite: [own], [what]: [place] };
    const entry = what === 'a secret' ? { args: [server, own] } : { sandbox: { read: [server], filesystem } };
    const options = what === 'a secret' ? { hiddenFromServers: [place] } : {};
    await using host = await hostOf(folder, { a: probe(entry) }, options);
    const put = `await fs.mkdir('${own}/conf', { recursive: true }); await fs.writeFile('${place}', 'hostile');`;
    expect(await run(host, 'mcp/a', put)).toMatch(/^failed: E/);
    expect(await run(host, 'mcp/a', `await fs.writeFile('${own}/sub/new', 'x');`)).toBe('null');
    // What the operator puts there is not seen, either.
    await mkdir(join(own, 'conf'));
    await writeFile(place, 'CANARY');
    if (what !== 'denyWrite')
      expect(await run(host, 'mcp/a', `return await fs.readFile('${place}', 'utf8');`)).toBe('failed: ENOENT');
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

  it.each([
    ['x64', 0xc000003e, 257, 268],
    ['arm64', 0xc00000b7, 56, 53],
  ] as const)(
    'refuses files that run as their owner, and makes all others: %s',
    (architecture, audit, openat, fchmodat) => {
      const filter = seccompFilter(architecture) ?? Buffer.alloc(0);
      const [allowed, refused] = [0x7fff0000, 0x00050001];
      const open = (flags: number, mode: number) => outcome(filter, { 0: openat, 4: audit, 32: flags, 40: mode });
      expect([open(0o101, 0o644), open(0o101, 0o4755), open(0, 0o4755)]).toEqual([allowed, refused, allowed]);
      const change = (mode: number) => outcome(filter, { 0: fchmodat, 4: audit, 32: mode });
      expect([change(0o755), change(0o2775), change(0o4755)]).toEqual([allowed, allowed, refused]);
    },
  );

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
