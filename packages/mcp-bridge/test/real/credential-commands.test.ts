import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createMcpHost, type Fetch, parseMcpJson } from '../../src/index.ts';
import { scriptedServerPath } from '../../src/testing/index.ts';
import { runCredentialCommand, withHeadersCommand } from '../../src/transport/credential-command.ts';
import { StdioTransport } from '../../src/transport/stdio-transport.ts';
import { noSandbox, open, processHost, runs } from '../hosting.ts';

const print = (text: string): string[] => [process.execPath, '-e', `process.stdout.write(${JSON.stringify(text)})`];
const run = (command: string[], key: 'envCommand' | 'headersCommand' = 'headersCommand') =>
  runCredentialCommand({ key, command, environment: process.env });

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A program that prints `Authorization: Bearer <n>`, one more at each run. */
async function counting(): Promise<string[]> {
  const folder = await temporaryFolder();
  const program = join(folder, 'program.mjs');
  const text = `import { appendFileSync, readFileSync } from 'node:fs';
    appendFileSync(${JSON.stringify(join(folder, 'runs'))}, '.');
    console.log('Authorization=Bearer ' + readFileSync(${JSON.stringify(join(folder, 'runs'))}, 'utf8').length);`;
  await writeFile(program, text);
  await chmod(program, 0o700);
  return [process.execPath, program];
}

describe('a program that prints credentials', () => {
  it('may print a JSON object or lines of KEY=VALUE', async () => {
    expect(await run(print('{"Authorization": "Bearer x"}'))).toEqual({ Authorization: 'Bearer x' });
    expect(await run(print('# today\nX-A=1\nX-B="2 3"\n'))).toEqual({ 'X-A': '1', 'X-B': '2 3' });
  });

  it.each<[string, string[], RegExp]>([
    ['ends badly', [process.execPath, '-e', 'console.log("A=secret"); process.exit(3)'], /ended with code 3$/],
    ['is not there', ['/no/such/program'], /could not be run$/],
    ['prints nothing', print(''), /printed neither/],
    ['prints something else', print('my secret is'), /printed neither/],
    ['prints an object of something else', print('{"A": {"secret": 1}}'), /printed neither/],
    ['prints a header of the transport', print('Host=secret'), /cannot be sent$/],
    ['prints a header that breaks the line', print('{"X-A": "secret\\r\\nB: c"}'), /cannot be sent$/],
    [
      'prints too much',
      [process.execPath, '-e', 'process.stdout.write("A=secret".repeat(9000))'],
      /more than 65536 bytes$/,
    ],
  ])('that %s is an error that quotes nothing of it', async (_, command, message) => {
    const error = await run(command).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('secret');
  });

  it('that does not end is ended, with what it started', async () => {
    const file = join(await temporaryFolder(), 'pids');
    const hang = 'setInterval(() => {}, 1000)';
    const script = `const { pid } = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hang)}]);
      require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + ' ' + pid); ${hang}`;
    const command = [process.execPath, '-e', script];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const running = expect(run(command, 'envCommand')).rejects.toThrow('its envCommand took longer than 10 seconds');
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/^\d+ \d+$/);
    await vi.advanceTimersByTimeAsync(10_000);
    await running;
    for (const pid of (await readFile(file, 'utf8')).split(' ')) {
      await expect.poll(() => runs(Number(pid))).toBe(false);
    }
  });

  it("gets the few variables of any child, and not the host's secrets", async () => {
    const command = [process.execPath, '-e', 'console.log(JSON.stringify({ keys: Object.keys(process.env).join() }))'];
    const environment = { PATH: process.env.PATH, HOST_SECRET: 'x' };
    const { keys = '' } = await runCredentialCommand({ key: 'envCommand', command, environment });
    expect(keys.split(',')).not.toContain('HOST_SECRET');
  });
});

describe('headersCommand', () => {
  const server = (accepts: (authorization: string | null) => boolean) => {
    const seen: (string | null)[] = [];
    const fetch: Fetch = async (_, init) => {
      const authorization = new Headers(init?.headers).get('authorization');
      seen.push(authorization);
      return new Response(null, { status: accepts(authorization) ? 200 : 401 });
    };
    return { seen, fetch };
  };

  it('is run once for many requests', async () => {
    const { seen, fetch } = server(() => true);
    const sent = withHeadersCommand(fetch, { command: await counting(), environment: process.env });
    await Promise.all([sent('https://a.example'), sent('https://a.example')]);
    await sent('https://a.example', { headers: { 'X-Other': '1', Authorization: 'Bearer written' } });
    expect(seen).toEqual(['Bearer 1', 'Bearer 1', 'Bearer 1']);
  });

  it('is run again after a 401, once for all who got one', async () => {
    const { seen, fetch } = server((authorization) => authorization !== 'Bearer 1');
    const sent = withHeadersCommand(fetch, { command: await counting(), environment: process.env });
    const answers = await Promise.all([1, 2, 3].map(() => sent('https://a.example')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(seen).toEqual(['Bearer 1', 'Bearer 1', 'Bearer 1', 'Bearer 2', 'Bearer 2', 'Bearer 2']);
  });

  it('leaves it at a second 401', async () => {
    const { seen, fetch } = server(() => false);
    const sent = withHeadersCommand(fetch, { command: await counting(), environment: process.env });
    expect((await sent('https://a.example')).status).toBe(401);
    expect(seen).toEqual(['Bearer 1', 'Bearer 2']);
  });

  it('that fails is named as the reason why a server does not start', async () => {
    const entry = { url: 'http://127.0.0.1:9/mcp', headersCommand: [process.execPath, '-e', 'process.exit(3)'] };
    const config = parseMcpJson(JSON.stringify({ mcpServers: { a: entry } }), {});
    await using host = createMcpHost({ config });
    await expect(open(host, 'mcp/a')).rejects.toThrow('its headersCommand ended with code 3');
    expect(host.servers()[0]?.error).toBe('its headersCommand ended with code 3');
  });
});

describe('envCommand', () => {
  it('gives a program its variables, over those of env, and hides them from what it printed', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'environment');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, process.env.TOKEN + process.env.OTHER);
      console.error('I was given ' + process.env.TOKEN); process.exit(1)`;
    const transport = new StdioTransport({
      entry: {
        transport: 'stdio',
        label: 'a',
        id: 'mcp/a',
        command: process.execPath,
        args: ['-e', script],
        env: { TOKEN: 'written-down', OTHER: '-other' },
        envCommand: print('TOKEN=fresh-token'),
      },
      environment: process.env,
      messageBytes: 1000,
      closeGraceMs: 1000,
      now: () => performance.now(),
      sandbox: noSandbox,
    });
    const ended = new Promise<void>((resolve) => {
      transport.onclose = resolve;
    });
    await transport.start();
    await ended;
    expect(await readFile(file, 'utf8')).toBe('fresh-token-other');
    expect(transport.diagnostics()).toBe('I was given [hidden]');
  });

  it('that fails keeps the program from starting', async () => {
    const envCommand = [process.execPath, '-e', 'process.exit(3)'];
    await using host = processHost({ a: { command: process.execPath, args: [scriptedServerPath], envCommand } });
    await expect(open(host, 'mcp/a')).rejects.toThrow('its envCommand ended with code 3');
  });

  it('does not start a program that was closed meanwhile', async () => {
    const file = join(await temporaryFolder(), 'started');
    const transport = new StdioTransport({
      entry: {
        transport: 'stdio',
        label: 'a',
        id: 'mcp/a',
        command: process.execPath,
        args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(file)}, '')`],
        env: {},
        envCommand: print('A=b'),
      },
      environment: process.env,
      messageBytes: 1000,
      closeGraceMs: 1000,
      now: () => performance.now(),
      sandbox: noSandbox,
    });
    const starting = transport.start();
    await transport.close();
    await expect(starting).rejects.toThrow('Not connected');
    expect(transport.pid).toBeUndefined();
  });
});
