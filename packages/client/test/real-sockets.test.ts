import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Client, type ClientOptions, createClient } from '../src/index.ts';
import { newHome } from './scripted/home.ts';

const TOKEN = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
const IDENTITY = { id: 'A', kind: 'api-key', name: 'bot', owner: 'ada@example.com', authority: [], limits: [] };

/** Listens on a free port of 127.0.0.1 until the test is over. */
async function listen(server: Server, sockets: Set<Socket> = new Set()): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** Answers each connection with these bytes. */
const answering = (bytes: string): Server =>
  createSocketServer((socket) => socket.once('data', () => socket.end(bytes)));

const identify: RequestListener = (_request, response) => response.end(JSON.stringify(IDENTITY));

const clientOf = (url: string, options: ClientOptions = {}): Client =>
  createClient({ url, token: TOKEN, profile: null, environment: {}, ...options });

async function failureOf(url: string, options: ClientOptions = {}): Promise<{ readonly code: string }> {
  const error = await clientOf(url, options)
    .auth.whoami()
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'ConnectionError', url });
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain(TOKEN);
  return error;
}

/** A certificate that no one knows, for localhost. */
function selfSigned(): { readonly key: string; readonly cert: string; readonly file: string } {
  const { path } = newHome();
  const [keyFile, file] = [join(path, 'key.pem'), join(path, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', ...subject, '-out', file], { stdio: 'ignore' });
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8'), file };
}

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('The client was not tried with certificates: there is no openssl.');
    return false;
  }
})();

describe('a failure of the connection', () => {
  it('is unreachable where nothing listens', async () => {
    const server = createSocketServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await once(server.close(), 'close');
    expect((await failureOf(`http://127.0.0.1:${port}`)).code).toBe('unreachable');
  });

  it('is name_not_found for a name that nobody has', async () => {
    expect((await failureOf('http://latchkey.invalid')).code).toBe('name_not_found');
  });

  it('is connection_cut when the connection is reset, or ends without an answer', async () => {
    const resetting = await listen(createSocketServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect((await failureOf(`http://127.0.0.1:${resetting}`)).code).toBe('connection_cut');
    expect((await failureOf(`http://127.0.0.1:${await listen(answering(''))}`)).code).toBe('connection_cut');
    const half = await listen(answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
    expect((await failureOf(`http://127.0.0.1:${half}`)).code).toBe('connection_cut');
  });

  it('is bad_header for what is no HTTP, and for a header that is too large', async () => {
    for (const bytes of [`no HTTP ${TOKEN}\r\n\r\n`, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`]) {
      expect((await failureOf(`http://127.0.0.1:${await listen(answering(bytes))}`)).code).toBe('bad_header');
    }
  });

  it('is tls_failed where https is asked of a port for http', async () => {
    expect((await failureOf(`https://127.0.0.1:${await listen(createServer(identify))}`)).code).toBe('tls_failed');
  });

  it.runIf(hasOpenssl)('is tls_failed for a certificate that nobody knows', async () => {
    const port = await listen(createSecureServer(selfSigned(), identify));
    expect((await failureOf(`https://localhost:${port}`)).code).toBe('tls_failed');
    // Without a word of TLS such a port only hangs up.
    expect((await failureOf(`http://127.0.0.1:${port}`)).code).toMatch(/^connection_cut|bad_header$/);
  });

  it('is timed_out when nothing is answered, and when an answer does not end', async () => {
    const silent = await listen(createSocketServer());
    expect((await failureOf(`http://127.0.0.1:${silent}`, { timeout: 20 })).code).toBe('timed_out');
    const trickling = await listen(createServer((_request, response) => response.write('{')));
    expect((await failureOf(`http://127.0.0.1:${trickling}`, { timeout: 500 })).code).toBe('timed_out');
  });
});

/** Passes on what is asked of it, for any name, to one port of this machine. */
function proxyTo(port: number): { readonly server: Server; readonly asked: string[] } {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    identify(request, response as Parameters<RequestListener>[1]);
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on('error', () => undefined);
  });
  return { server, asked };
}

/** Asks in a process of its own who the token's holder is: what a variable changes, it changes at a process's start. */
async function whoamiIn(url: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const entry = new URL('../src/index.ts', import.meta.url).href;
  const program = `import { createClient } from '${entry}';
    const client = createClient({ url: '${url}', token: '${TOKEN}', profile: null });
    console.log(await client.auth.whoami().then(({ name }) => name, ({ code }) => code));`;
  const { PATH = '' } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH, ...variables },
  });
  return stdout.trim();
}

describe('what sends the requests', () => {
  it('goes by way of the proxies of the environment where Node is asked to', async () => {
    const { server, asked } = proxyTo(await listen(createServer(identify)));
    const HTTP_PROXY = `http://127.0.0.1:${await listen(server)}`;
    const url = 'http://latchkey.invalid';
    expect(await whoamiIn(url, { HTTP_PROXY })).toBe('name_not_found');
    expect(asked).toEqual([]);
    expect(await whoamiIn(url, { HTTP_PROXY, NODE_USE_ENV_PROXY: '1' })).toBe('bot');
    expect(asked).toEqual([expect.stringContaining('latchkey.invalid')]);
  });

  it.runIf(hasOpenssl)('takes the authorities that Node is told of', async () => {
    const certificate = selfSigned();
    const url = `https://localhost:${await listen(createSecureServer(certificate, identify))}`;
    expect(await whoamiIn(url, {})).toBe('tls_failed');
    expect(await whoamiIn(url, { NODE_EXTRA_CA_CERTS: certificate.file })).toBe('bot');
  });

  it('may be a function of the address and the rest, undici’s own with a proxy among them', async () => {
    const { fetch: send, ProxyAgent } = await import('undici');
    const { server, asked } = proxyTo(await listen(createServer(identify)));
    const dispatcher = new ProxyAgent(`http://127.0.0.1:${await listen(server)}`);
    onTestFinished(() => dispatcher.destroy());
    const viaProxy = ((url: string, init: object) => send(url, { ...init, dispatcher })) as unknown;
    const fetch = viaProxy as NonNullable<ClientOptions['fetch']>;
    const client = clientOf('http://latchkey.invalid', { fetch });
    expect(await client.auth.whoami()).toMatchObject({ name: 'bot', owner: 'ada@example.com' });
    expect(asked).toHaveLength(1);
    await client.fetch('/api/v1/chat', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
    const bare = clientOf(`http://127.0.0.1:${await listen(createServer(identify))}`, {
      fetch: send as unknown as NonNullable<ClientOptions['fetch']>,
    });
    expect((await bare.auth.whoami()).name).toBe('bot');
  });
});
