import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createTemporaryFolder } from './temporary-folder.ts';

/** The path of this machine's browser; undefined when there is none. */
export const browser: string | undefined = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

export interface Page {
  /** The entries of its import map, by name: a folder, and the file in it to import. */
  readonly modules: Readonly<Record<string, { readonly folder: string; readonly file: string }>>;
  /** The text of a module, which sends its result to `/outcome`. */
  readonly program: string;
  /** Answers the page's requests under `/api/`, so that the browser sees one origin. */
  readonly api: string;
}

/** Opens a page in the browser and waits for its result. */
export async function openPage({ modules, program, api }: Page): Promise<string> {
  const { promise: outcome, resolve, reject } = Promise.withResolvers<string>();
  const names = Object.keys(modules);
  const imports = Object.fromEntries(names.map((name, at) => [name, `/module/${at}/${modules[name]?.file}`]));
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module" src="/program.js"></script>`;
  const answer = async (request: IncomingMessage): Promise<Response> => {
    const { url = '/', method = 'GET' } = request;
    if (url === '/') return new Response(html, { headers: { 'Content-Type': 'text/html' } });
    if (url === '/outcome') {
      const body = await request.setEncoding('utf8').toArray();
      resolve(body.join(''));
      return new Response();
    }
    if (url.startsWith('/api/')) {
      const { host: _, connection: __, ...headers } = request.headers;
      return fetch(`${api}${url}`, { method, headers: headers as Record<string, string> });
    }
    const [, at = '', file = ''] = /^\/module\/(\d)\/([\w./-]+)$/.exec(url) ?? [];
    const { folder } = modules[names[Number(at)] ?? ''] ?? {};
    const text = url === '/program.js' ? program : folder && file && readFileSync(join(folder, file), 'utf8');
    return new Response(text || '', {
      status: text ? 200 : 404,
      headers: { 'Content-Type': 'text/javascript' },
    });
  };
  const server = createServer(async (request, response) => {
    const { status, headers, ...answered } = await answer(request).then(
      async (given) => ({ status: given.status, headers: given.headers, body: await given.text() }),
      (error: unknown) => ({ status: 500, headers: new Headers(), body: String(error) }),
    );
    response.writeHead(status, { 'Content-Type': headers.get('content-type') ?? 'text/plain' });
    response.end(answered.body);
  });
  using folder = createTemporaryFolder();
  let child: ChildProcess | undefined;
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    child = spawn(browser ?? '', flags(folder.path, `http://127.0.0.1:${port}/`), {
      env: { PATH: process.env.PATH, HOME: folder.path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('close', () => reject(new Error(`The browser has ended: ${said}`)));
    return await outcome;
  } finally {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    }
    server.closeAllConnections();
    server.close();
  }
}

const flags = (folder: string, url: string): readonly string[] => [
  '--headless',
  // The browser's own sandbox does not start as root, or where users cannot create namespaces.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--no-first-run',
  `--user-data-dir=${folder}`,
  url,
];
