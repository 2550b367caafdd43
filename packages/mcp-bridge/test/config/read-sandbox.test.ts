import { describe, expect, it } from 'vitest';
import { parseMcpJson } from '../../src/index.ts';

const environment = { HOME: '/home/ann', DATA: '/srv/data' };

function read(keys: object) {
  const mcpServers = { a: { command: 'x', ...keys } };
  const { servers, warnings } = parseMcpJson(JSON.stringify({ mcpServers }), environment);
  const entry = servers.get('a');
  return { wish: entry?.transport === 'stdio' ? entry.sandbox : undefined, warnings };
}

/** The path that the problem of the entry begins with. */
function problemOf(keys: object): string | undefined {
  const text = JSON.stringify({ mcpServers: { a: { command: 'x', ...keys } } });
  return parseMcpJson(text, {}).servers.get('a')?.problem?.split(' ')[0];
}

describe('the sandbox of an entry', () => {
  it.each([[{}], [{ sandbox: 'auto' }]])('is what works where it is started: %j', (keys) => {
    expect(read(keys)).toEqual({ wish: undefined, warnings: [] });
  });

  it.each([[{ sandbox: 'off' }], [{ sandboxEnabled: false }], [{ sandboxEnabled: false, sandbox: { read: ['/a'] } }]])(
    'is off: %j',
    (keys) => {
      expect(read(keys)).toEqual({ wish: 'off', warnings: [] });
    },
  );

  it('is what an object says, with its placeholders replaced and the rest as usual', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of the mcp.json
    const sandbox = { read: ['~/docs'], write: ['${DATA}/out'], network: true, limits: { memoryMb: 100 } };
    expect(read({ sandbox })).toEqual({
      wish: {
        read: ['/home/ann/docs'],
        write: ['/srv/data/out'],
        denyRead: [],
        denyWrite: [],
        network: true,
        limits: { memoryMb: 100, processes: 1024, fileMb: 4096, openFiles: 4096 },
      },
      warnings: [],
    });
  });

  it("may be in VS Code's words, and says that domains are not told apart: there is no network then", () => {
    const filesystem = { allowWrite: ['/a'], denyRead: ['/b'], denyWrite: ['/c'] };
    const network = { allowedDomains: ['example.com'], deniedDomains: [] };
    expect(read({ sandboxEnabled: true, sandbox: { filesystem, network } })).toMatchObject({
      wish: { read: [], write: ['/a'], denyRead: ['/b'], denyWrite: ['/c'], network: false },
      warnings: [
        'mcpServers.a.sandbox.network.allowedDomains is not supported: the server has no network; "network": true gives it all of it',
      ],
    });
    expect(read({ sandboxEnabled: true })).toMatchObject({ wish: { read: [], network: false }, warnings: [] });
  });

  it.each([
    ['a kind', { sandbox: 'bwrap' }, 'mcpServers.a.sandbox'],
    ['a list', { sandbox: [] }, 'mcpServers.a.sandbox'],
    ['a relative path', { sandbox: { read: ['docs'] } }, 'mcpServers.a.sandbox.read[0]'],
    [
      'a relative path of VS Code',
      { sandbox: { filesystem: { denyRead: ['a'] } } },
      'mcpServers.a.sandbox.filesystem.denyRead[0]',
    ],
    [
      'a key that is not known, for it may have been meant to close something',
      { sandbox: { netwrok: false } },
      'mcpServers.a.sandbox',
    ],
    ['a limit of nothing', { sandbox: { limits: { processes: 0 } } }, 'mcpServers.a.sandbox.limits.processes'],
    ['two that contradict', { sandbox: 'off', sandboxEnabled: true }, 'mcpServers.a.sandboxEnabled'],
  ])('names the key of %s', (_, keys, path) => {
    expect(problemOf(keys)).toBe(path);
  });

  it('has no effect on a server that is reached by URL, and says so', () => {
    const text = JSON.stringify({ mcpServers: { a: { url: 'https://example.com/mcp', sandbox: {} } } });
    expect(parseMcpJson(text, {}).warnings).toEqual([
      'mcpServers.a.sandbox has no effect on a server that is reached by URL',
    ]);
  });
});
