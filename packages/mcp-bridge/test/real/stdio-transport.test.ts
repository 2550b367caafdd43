import { describe, expect, it } from 'vitest';
import { createMcpHost, parseMcpJson } from '../../src/index.ts';
import { scriptedServerPath } from '../../src/testing/index.ts';
import { StdioTransport } from '../../src/transport/stdio-transport.ts';
import { noSandbox, open, runs } from '../hosting.ts';

const initialize = {
  jsonrpc: '2.0' as const,
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

function transportOf(...args: string[]): StdioTransport {
  return new StdioTransport({
    entry: { transport: 'stdio', label: 'a', id: 'mcp/a', command: process.execPath, args, env: {} },
    environment: {},
    messageBytes: 1024 * 1024,
    closeGraceMs: 200,
    now: () => performance.now(),
    sandbox: noSandbox,
  });
}

const ending = (transport: StdioTransport) =>
  new Promise<void>((resolve) => {
    transport.onclose = resolve;
  });

describe('StdioTransport', () => {
  it('exchanges messages and ends at once a server that behaves', async () => {
    const transport = transportOf(scriptedServerPath);
    const answer = new Promise((resolve) => {
      transport.onmessage = resolve;
    });
    await transport.start();
    await transport.send(initialize);
    expect(await answer).toMatchObject({ id: 1, result: { serverInfo: { name: 'scripted' } } });
    const pid = transport.pid ?? 0;
    await transport.close();
    expect(await runs(pid)).toBe(false);
    await expect(transport.send(initialize)).rejects.toThrow('Not connected');
  });

  it('ends the server, and not the host, when a message can not be processed', async () => {
    const transport = transportOf(scriptedServerPath);
    transport.onmessage = () => {
      throw new Error('a bug');
    };
    const ended = ending(transport);
    await transport.start();
    await transport.send(initialize);
    await ended;
    expect(transport.reason).toBe('it sent a message that cannot be processed');
    await transport.close();
    expect(await runs(transport.pid ?? 0)).toBe(false);
  });

  it('says once that the server has ended, and keeps what it printed last', async () => {
    const transport = transportOf('-e', 'console.error("one\\ntwo"); process.exit(4)');
    let times = 0;
    const ended = new Promise<void>((resolve) => {
      transport.onclose = () => {
        times += 1;
        resolve();
      };
    });
    await transport.start();
    await ended;
    await transport.close();
    expect([times, transport.reason, transport.diagnostics()]).toEqual([1, 'it ended with code 4', 'one\ntwo']);
  });

  it('does not show a secret of its command line when the server prints it', async () => {
    const args = [
      '-e',
      'console.error(process.argv.slice(1).join()); process.exit(1)',
      '--',
      `--key=\${KEY}`,
      '/srv/docs',
    ];
    const config = parseMcpJson(JSON.stringify({ mcpServers: { a: { command: process.execPath, args } } }), {
      KEY: 'canary-1',
    });
    await using host = createMcpHost({ config });
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({ detail: '--key=[hidden],/srv/docs' });
    expect(host.output('mcp/a')).toBe('--key=[hidden],/srv/docs');
  });

  it('runs no shell: arguments arrive as they are', async () => {
    const text = '$(exit 9) ; `exit 9` | "y" \'z\' && *';
    const transport = transportOf('-e', 'console.error(process.argv[1]); process.exit(0)', '--', text);
    const ended = ending(transport);
    await transport.start();
    await ended;
    expect(transport.diagnostics()).toBe(text);
  });
});
