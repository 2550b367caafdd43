import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMcpHost, type McpHost, parseMcpJson } from '../../src/index.ts';
import { allowAll, call, noSignal, open } from '../hosting.ts';
import { addingServer, listen } from '../remote-server.ts';

/** A proxy that knows a name which nobody else does: it leads to the port. */
async function proxyTo(
  port: number,
): Promise<{ readonly url: string; readonly asked: string[]; readonly credentials: string[] }> {
  const asked: string[] = [];
  const credentials: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(String(request.url));
    response.writeHead(500).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(String(request.url));
    credentials.push(String(request.headers['proxy-authorization']));
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked, credentials };
}

function hostOf(url: string, environment: Record<string, string>): McpHost {
  const config = parseMcpJson(JSON.stringify({ mcpServers: { far: { url } } }), {});
  const host = createMcpHost({ config, environment, ephemeral: { allowHttpHosts: ['*'] } });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

describe('a proxy that the environment names', () => {
  it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('is used for remote servers: %s', async (name) => {
    const proxy = await proxyTo(await listen(addingServer()));
    const host = hostOf('http://only.the.proxy.knows.invalid/mcp', { [name]: `http://me:secret@${proxy.url}` });
    expect(await call(await open(host, 'mcp/far'), 'add', { a: 1, b: 2 })).toMatchObject({
      type: 'success',
      text: '3',
    });
    expect(new Set(proxy.asked)).toEqual(new Set(['only.the.proxy.knows.invalid:80']));
    expect(new Set(proxy.credentials)).toEqual(new Set([`Basic ${Buffer.from('me:secret').toString('base64')}`]));
  });

  it('is not used for this machine, nor for what NO_PROXY names', async () => {
    const port = await listen(addingServer());
    const proxy = await proxyTo(1);
    const environment = { HTTP_PROXY: `http://${proxy.url}`, NO_PROXY: 'unknown.invalid' };
    for (const name of ['127.0.0.1', 'localhost']) {
      const host = hostOf(`http://${name}:${port}/mcp`, environment);
      expect(await call(await open(host, 'mcp/far'), 'add', { a: 1, b: 2 })).toMatchObject({ type: 'success' });
    }
    await expect(open(hostOf('http://unknown.invalid/mcp', environment), 'mcp/far')).rejects.toThrow(
      'cannot be reached',
    );
    expect(proxy.asked).toEqual([]);
  });

  it('is never used for the servers of a request, whose addresses it would hide', async () => {
    const proxy = await proxyTo(await listen(addingServer()));
    const host = hostOf('http://unused.invalid/mcp', { HTTP_PROXY: `http://${proxy.url}` });
    for (const url of ['http://inward.invalid/mcp', 'http://169.254.169.254/mcp', 'http://127.0.0.1:1/mcp']) {
      const brought = [{ label: 'mine', url }];
      await expect(
        host.openToolset([{ server: 'ephemeral/mine' }], allowAll, noSignal(), brought),
      ).rejects.toMatchObject({ code: expect.stringMatching(/MCP_(CONNECTION_FAILED|DENIED)/) });
    }
    expect(proxy.asked).toEqual([]);
  });
});
