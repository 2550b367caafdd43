import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAddressPolicy } from '../../src/transport/address-policy.ts';
import { createPinnedFetch, hostOf, type NameResolver, pinAddresses } from '../../src/transport/pinned-fetch.ts';

const run = promisify(execFile);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(handler: Handler = (_, response) => void response.end('ok')): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers with these in turn, and goes on with the last; counts how often it was asked. */
function resolver(...answers: string[][]): NameResolver & { asked: () => number } {
  let asked = 0;
  const resolve: NameResolver = async () => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(resolve, { asked: () => asked });
}

function pinned(url: string, resolve: NameResolver = resolver(['127.0.0.1']), privateHosts = ['127.0.0.1']) {
  const addresses = pinAddresses(new URL(url), createAddressPolicy(privateHosts), resolve);
  const made = createPinnedFetch(addresses);
  onTestFinished(() => made[Symbol.dispose]());
  return { fetch: made.fetch, addresses };
}

describe('a pinned fetch', () => {
  it('asks the address that the name has, by the name', async () => {
    const seen: IncomingMessage[] = [];
    const port = await listen((request, response) => {
      seen.push(request);
      response.writeHead(201, { 'x-a': ['1', '2'] }).end('body');
    });
    const url = `http://tools.example:${port}/mcp`;
    const response = await pinned(url).fetch(url, { method: 'POST', body: '{}', headers: { 'x-key': '1' } });
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([201, '1, 2', 'body']);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      headers: { host: `tools.example:${port}`, 'x-key': '1', 'accept-encoding': 'identity' },
    });
  });

  it('goes by no proxy that the environment names, which would resolve the name itself', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = await listen((request, response) => {
      asked.push(request.url);
      response.end('by the proxy');
    });
    const port = await listen((_, response) => void response.end('by the address'));
    const module = (name: string): string => new URL(`../../src/transport/${name}.ts`, import.meta.url).href;
    const code = `
      const { createAddressPolicy } = await import('${module('address-policy')}');
      const { createPinnedFetch, pinAddresses } = await import('${module('pinned-fetch')}');
      const url = new URL('http://tools.example:${port}/');
      const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
      const addresses = pinAddresses(url, createAddressPolicy(['127.0.0.1']), resolve);
      using pinned = createPinnedFetch(addresses);
      console.log(await (await pinned.fetch(url)).text());
      const { get } = await import('node:http');
      get('http://other.example/', (response) => response.on('data', (data) => {
        console.log(String(data));
        process.exit();
      }));`;
    const at = `http://127.0.0.1:${proxy}`;
    const env = { PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: at, HTTPS_PROXY: at, ALL_PROXY: at };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { env });
    // A request by the platform's own agent shows that the variables count.
    expect(stdout.trim().split('\n')).toEqual(['by the address', 'by the proxy']);
    expect(asked).toHaveLength(1);
  });

  it('resolves the name once: what it says later changes nothing', async () => {
    const port = await listen((_, response) => void response.writeHead(200, { connection: 'close' }).end('ok'));
    const url = `http://tools.example:${port}/`;
    const resolve = resolver(['127.0.0.1'], ['10.0.0.1']);
    const { fetch } = pinned(url, resolve);
    for (let count = 0; count < 3; count += 1) expect(await (await fetch(url)).text()).toBe('ok');
    expect(resolve.asked()).toBe(1);
  });

  it.each([[['127.0.0.1']], [['8.8.8.8', '127.0.0.1']], [['::1']], [['::ffff:7f00:1']], [[]]])(
    'goes nowhere when the name leads to %j, now or later',
    async (addresses) => {
      let asked = 0;
      const port = await listen((_, response) => {
        asked += 1;
        response.end();
      });
      const url = `http://tools.example:${port}/`;
      const made = pinned(url, resolver(addresses, ['8.8.8.8']), []);
      await expect(made.fetch(url)).rejects.toThrow(TypeError);
      await expect(made.fetch(url)).rejects.toThrow(TypeError);
      expect(made.addresses.refusal).toBe('its address is not one that may be reached');
      expect(asked).toBe(0);
    },
  );

  it.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f000001', '2130706433', '0177.0.0.1', '127.1', '0'])(
    'does not go to %s, which needs no resolving',
    async (host) => {
      const resolve = resolver(['8.8.8.8']);
      const made = pinned(`http://${host}:9/`, resolve, []);
      await expect(made.fetch(`http://${host}:9/`)).rejects.toThrow('may be reached');
      expect(resolve.asked()).toBe(0);
    },
  );

  it('goes to its one origin only', async () => {
    const port = await listen();
    const { fetch } = pinned(`http://tools.example:${port}/`);
    for (const url of [`http://other.example:${port}/`, `http://127.0.0.1:${port}/`, 'http://tools.example:1/']) {
      await expect(fetch(url)).rejects.toThrow('another origin');
    }
  });

  it('does not follow a redirect', async () => {
    const port = await listen((_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end());
    const url = `http://tools.example:${port}/`;
    expect((await pinned(url).fetch(url)).status).toBe(307);
  });

  it('takes no answer that is compressed', async () => {
    const port = await listen((_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    const url = `http://tools.example:${port}/`;
    await expect(pinned(url).fetch(url)).rejects.toThrow('compressed');
  });

  it('ends with its signal, before the answer and in the middle of it', async () => {
    const port = await listen((request, response) => {
      if (request.url === '/begun') response.writeHead(200).write('x');
    });
    const url = `http://tools.example:${port}`;
    const { fetch } = pinned(url);
    const before = new AbortController();
    const silent = fetch(`${url}/silent`, { signal: before.signal });
    before.abort();
    await expect(silent).rejects.toThrow('aborted');
    const during = new AbortController();
    const begun = await fetch(`${url}/begun`, { signal: during.signal });
    during.abort();
    await expect(begun.text()).rejects.toThrow('aborted');
    await expect(fetch(url, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('rejects as the platform does when nobody listens', async () => {
    const { fetch } = pinned('http://tools.example:1/');
    await expect(fetch('http://tools.example:1/')).rejects.toThrow(TypeError);
  });

  it('does not speak plain HTTP to a server that was named with https', async () => {
    const port = await listen();
    const url = `https://tools.example:${port}/`;
    await expect(pinned(url).fetch(url)).rejects.toThrow('could not be reached');
  });

  it('gives back an answer that has no body', async () => {
    const port = await listen((_, response) => void response.writeHead(204).end());
    const url = `http://tools.example:${port}/`;
    expect(await (await pinned(url).fetch(url)).text()).toBe('');
  });
});

describe('the host of a URL', () => {
  it.each([
    ['https://Example.COM./', 'example.com'],
    ['https://[::1]/', '::1'],
    ['https://0x7f.1/', '127.0.0.1'],
    ['https://ⓔxample.com/', 'example.com'],
  ])('%s is %s', (url, host) => expect(hostOf(new URL(url))).toBe(host));
});
