import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createTemporaryFolder } from './temporary-folder.ts';

/** A proxy that runs in front of a server. */
export interface RunningProxy extends AsyncDisposable {
  readonly url: string;
}

interface ProxyKind {
  readonly program: string;
  /** Writes its files into the folder, and returns the arguments that keep it in the foreground. */
  configure(block: string, folder: string, port: number): readonly string[];
}

/** The reverse proxies that docs/proxies.md configures; each takes a block of that page. */
export const PROXIES = {
  nginx: {
    program: 'nginx',
    configure: (block, folder, port) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
      const paths = temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n');
      const file = join(folder, 'nginx.conf');
      writeFileSync(
        file,
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'errors')}; worker_processes 1; events {}
        http { access_log off; ${paths} server { listen 127.0.0.1:${port}; ${block} } }`,
      );
      return ['-p', folder, '-e', join(folder, 'errors'), '-c', file];
    },
  },
  haproxy: {
    program: 'haproxy',
    configure: (block, folder, port) => {
      const file = join(folder, 'haproxy.cfg');
      const defaults = 'defaults\n  mode http\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n';
      writeFileSync(file, `${defaults}\n${block.replace(/bind .*/, `bind 127.0.0.1:${port}`)}\n`);
      return ['-db', '-f', file];
    },
  },
  caddy: {
    program: 'caddy',
    configure: (block, folder, port) => {
      const file = join(folder, 'Caddyfile');
      const site = block.replace(/^\S+ \{/, `http://127.0.0.1:${port} {`);
      writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${site}\n`);
      return ['run', '--config', file, '--adapter', 'caddyfile'];
    },
  },
} as const satisfies Record<string, ProxyKind>;

export type ProxyName = keyof typeof PROXIES;

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'proxies.md'), 'utf8');

/** The configurations of a proxy in docs/proxies.md, in the order of the page. */
export const blocksOf = (name: ProxyName): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${name}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);

/** Whether the program of a proxy is installed on this machine. */
export const hasProxy = (name: ProxyName): boolean =>
  spawnSync('sh', ['-c', `command -v ${PROXIES[name].program}`], { env: withSystemPrograms() }).status === 0;

/** Starts a proxy in front of a server, with a configuration from the page. */
export async function startProxy(name: ProxyName, block: string, server: string): Promise<RunningProxy> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(createTemporaryFolder());
  mkdirSync(join(folder.path, 'home'));
  const port = await findFreePort();
  const { program, configure } = PROXIES[name];
  const args = configure(block.replaceAll('127.0.0.1:1234', new URL(server).host), folder.path, port);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withSystemPrograms(), HOME: join(folder.path, 'home') },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text));
  opened.defer(() => stop(child));
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/live`, child, output);
  const owned = opened.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Proxies are in folders that are not on every user's PATH. */
const withSystemPrograms = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` });

/** Waits until the proxy passes requests on. HAProxy first checks the health of the server. */
async function answers(url: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response !== undefined && response.status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The proxy ended: ${output.join('')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
