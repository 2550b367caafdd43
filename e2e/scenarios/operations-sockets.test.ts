import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import { descendantsOf } from '../support/processes.ts';
import { runShelled } from '../support/shelled-server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const has = (program: string): boolean => spawnSync('bash', ['-c', `command -v ${program}`]).status === 0;

/** A machine whose loopback has one address alone. */
const without = (address: string): string =>
  `unshare --user --map-root-user --net bash -c 'ip link set lo up && ip addr del ${address} dev lo && exec "$@"' bash`;

/** Asks a server at a Unix socket who a token is. */
async function askAt(
  socketPath: string,
  token: string | undefined,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const asked = request(
    {
      socketPath,
      path: '/api/v1/whoami',
      headers: { host: 'localhost', authorization: `Bearer ${token}`, ...headers },
    },
    async (answer) => resolve({ status: answer.statusCode, body: await text(answer) }),
  );
  asked.once('error', reject).end();
  return promise;
}

describe('a Unix socket', () => {
  verifies('operating.unix-socket', async () => {
    await using server = runShelled('exec "$@" --listen "unix:$folder/http.sock"');
    const { url, admin } = await server.announced();
    const path = join(server.folder, 'http.sock');
    await expect.poll(() => existsSync(path)).toBe(true);
    expect((await askAt(path, admin.token)).status).toBe(200);
    expect((await askAt(path, 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa')).status).toBe(401);
    expect((await askAt(path, admin.token, { host: 'evil.example' })).status).toBe(403);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    // A grant for a network allows no caller without an address, whatever it says about itself.
    const near = await createToken({ url, admin }, 'near', { ...CHAT_GRANT, networks: ['127.0.0.0/8'] });
    expect((await near.get('/api/v1/whoami')).status).toBe(200);
    expect((await askAt(path, near.token, { 'x-forwarded-for': '127.0.0.1' })).status).toBe(403);
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ exitCode: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  verifies('operating.unix-socket-proxy', async () => {
    await using server = runShelled(
      `echo '{"trustedProxies":["unix"]}' > "$data/config.json" && chmod 600 "$data/config.json" && exec "$@" --listen "unix:$folder/http.sock"`,
    );
    const { url, admin } = await server.announced();
    const near = await createToken({ url, admin }, 'near', { ...CHAT_GRANT, networks: ['10.0.0.0/8'] });
    const path = join(server.folder, 'http.sock');
    expect((await askAt(path, near.token, { 'x-forwarded-for': '10.1.2.3' })).status).toBe(200);
    expect((await askAt(path, near.token, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(403);
    // Over TCP the header stays without effect.
    expect((await near.request('GET', '/api/v1/whoami', undefined, { 'x-forwarded-for': '10.1.2.3' })).status).toBe(
      403,
    );
  });

  verifies('operating.unix-socket-left', async () => {
    await using killed = runShelled('exec "$@" --listen "unix:$folder/http.sock"');
    await killed.announced();
    const path = join(killed.folder, 'http.sock');
    await expect.poll(() => existsSync(path)).toBe(true);
    await using second = runShelled(`exec "$@" --listen "unix:${path}"`);
    expect((await second.exited).exitCode).not.toBe(0);
    expect(second.printed()).toContain('another program listens there');
    killed.signal('SIGKILL');
    await killed.exited;
    await using third = runShelled(`exec "$@" --listen "unix:${path}"`);
    const { admin } = await third.announced();
    await expect.poll(() => askAt(path, admin.token).catch(() => undefined)).toMatchObject({ status: 200 });
  });

  verifies('operating.unix-socket-file', async () => {
    await using server = runShelled('echo mine > "$folder/notes"; exec "$@" --listen "unix:$folder/notes"');
    expect((await server.exited).exitCode).not.toBe(0);
    expect(server.printed()).toContain('There is something else at');
    expect(readFileSync(join(server.folder, 'notes'), 'utf8')).toBe('mine\n');
  });
});

describe.skipIf(!has('systemd-socket-activate'))('socket activation', () => {
  verifies('operating.socket-activation', async () => {
    await using server = runShelled(
      'systemd-socket-activate -l "$folder/http.sock" -E HOME -E PATH "$@" & echo $! > "$folder/pid"; wait',
    );
    const path = join(server.folder, 'http.sock');
    await expect.poll(() => existsSync(path)).toBe(true);
    const first = askAt(path, undefined);
    const { admin } = await server.announced();
    expect((await first).status).toBe(401);
    expect((await askAt(path, admin.token)).status).toBe(200);

    const pid = Number(readFileSync(join(server.folder, 'pid'), 'utf8'));
    expect((await admin.chat({ input: 'hi', max_output_tokens: 1 })).status).toBe(200);
    const socket = readlinkSync(`/proc/${pid}/fd/3`);
    expect(socket).toMatch(/^socket:/);
    const children = descendantsOf(pid);
    expect(children).not.toHaveLength(0);
    for (const child of children) {
      const links = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
      expect(links).not.toContain(socket);
      expect(readFileSync(`/proc/${child}/environ`, 'utf8')).not.toContain('LISTEN_');
    }
    process.kill(pid, 'SIGTERM');
    await server.exited;
    // systemd keeps the socket for the next start.
    expect(existsSync(path)).toBe(true);
  });
});

/** Prints each datagram that comes to a socket, as a line. */
const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
while True:
    print(receiver.recv(4096).decode().replace("\\n", " "), flush=True)
`;

describe.skipIf(!has('systemd-notify') || !has('python3'))('systemd', () => {
  verifies('operating.notify', async () => {
    await using server = runShelled(
      [
        'printf "%s" "$receiver" > "$folder/receiver.py"',
        'python3 "$folder/receiver.py" "$folder/notify" > "$folder/told" & receiver=$!',
        'until [ -S "$folder/notify" ]; do read -t 0.05 < <(:); done',
        'export NOTIFY_SOCKET="$folder/notify" WATCHDOG_USEC=400000',
        '"$@" & echo $! > "$folder/pid"; wait $!; kill $receiver',
      ].join('\n'),
      { environment: { receiver: RECEIVER } },
    );
    await server.announced();
    const told = (): string => readFileSync(join(server.folder, 'told'), 'utf8');
    await expect.poll(told, { timeout: 20_000 }).toMatch(/READY=1(.*WATCHDOG=1){3}/s);
    expect(told()).not.toContain('STOPPING=1');
    process.kill(Number(readFileSync(join(server.folder, 'pid'), 'utf8')), 'SIGTERM');
    await expect.poll(told, { timeout: 10_000 }).toContain('STOPPING=1');
    await server.exited;
  });
});

describe('localhost', () => {
  for (const [missing, url] of [
    ['127.0.0.1/8', 'http://[::1]:'],
    ['::1/128', 'http://127.0.0.1:'],
  ] as const) {
    verifies(
      'operating.localhost',
      async () => {
        const apart = without(missing);
        if (spawnSync('bash', ['-c', `${apart} true`]).status !== 0)
          return void console.warn('not tried: this machine has no namespaces for networks, or no ip');
        await using server = runShelled(`exec ${apart} "$@" --host localhost`);
        const announced = await server.announced();
        expect(announced.url.slice(0, url.length)).toBe(url);
        const program = `fetch('${announced.url}/health').then(({ status }) => console.log(status))`;
        const { stdout } = spawnSync(
          'nsenter',
          ['--preserve-credentials', '--user', '--net', '-t', `${server.pid}`, process.execPath, '-e', program],
          { encoding: 'utf8' },
        );
        expect(stdout.trim()).toBe('200');
      },
      `without ${missing}`,
    );
  }
});
