import { describe, expect, it } from 'vitest';
import { parseMcpJson } from '../../src/index.ts';
import { namedPorts } from '../../src/sandbox/named-ports.ts';

function portsOf(keys: object) {
  const mcpServers = { a: { command: 'x', ...keys } };
  const entry = parseMcpJson(JSON.stringify({ mcpServers }), {}).servers.get('a');
  if (entry?.transport !== 'stdio') throw new TypeError('it is a program');
  return namedPorts(entry);
}

describe('the ports of this machine that an entry names', () => {
  it.each([
    [{ env: { DATABASE_URL: 'postgres://me:p@localhost:5433/db?sslmode=off' } }, [5433]],
    [{ args: ['postgresql://127.0.0.1/db'] }, [5432]],
    [{ env: { DATABASE_URL: 'postgresql+asyncpg://me@localhost/db' } }, [5432]],
    [{ args: ['--cdp-endpoint=http://localhost:9222'] }, [9222]],
    [{ args: ['--endpoint', 'http://[::1]:9222/json?a=b'] }, [9222]],
    [{ args: ['http://app.localhost:8080'] }, [8080]],
    [{ env: { SERVERS: 'localhost:9092,127.0.0.1:9093' } }, [9092, 9093]],
    [{ env: { CONFIG: '{"url":"http://localhost:6333","other":"127.0.0.1:6334"}' } }, [6333, 6334]],
    [{ env: { HTTP_PROXY: 'http://127.0.0.1:3128' } }, [3128]],
    [{ env: { MYSQL_HOST: 'localhost', MYSQL_PORT: '3307' } }, [3306, 3307]],
    [{ env: { PGHOST: 'localhost' } }, [5432]],
    [{ env: { PGPORT: '5434' } }, [5434]],
    [{ args: ['--redis-port', '6380'] }, [6380]],
    [{ sandbox: { mode: 'auto', ports: [4000, 4001] } }, [4000, 4001]],
    [{ sandbox: { ports: [4000] } }, [4000]],
  ])('are reached: %j', (keys, reached) => {
    expect(portsOf(keys)).toEqual({ reached, served: [] });
  });

  it.each([
    [{ args: ['mcp-remote', 'https://mcp.example.com/sse', '3334'] }, [3334]],
    [{ env: { OAUTH_REDIRECT_URI: 'http://localhost:8000/done' } }, [8000]],
    [{ args: ['--url', 'http://localhost:8001/oauth/callback'] }, [8001]],
    [{ env: { OAUTH_CALLBACK_PORT: '8002' } }, [8002]],
    [{ env: { PORT: '3000' } }, [3000]],
    [{ args: ['--port', '3001'] }, [3001]],
    [{ args: ['--web-port=3002'] }, [3002]],
  ])('are listened on: %j', (keys, served) => {
    expect(portsOf(keys)).toEqual({ reached: [], served });
  });

  it.each([
    [{ args: ['--timeout', '30000', '--verbose'] }],
    [{ env: { DATABASE_URL: 'postgres://db.example.com:5432/db', LIMIT: '8080' } }],
    [
      {
        args: ['http://localhost.example.com:80', 'http://example.com/localhost:99', 'http://localhost:80@example.com'],
      },
    ],
    [{ args: ['http://localhost:99999', 'localhost:0', 'localhost:', '7'] }],
    [{ env: { TRANSPORT: '8080', EXPORT: '99', SUPPORT: '1' } }],
    [{ env: { URL: 'http://localhost:5000' }, sandbox: {} }],
  ])('are none: %j', (keys) => {
    expect(portsOf(keys)).toEqual({ reached: [], served: [] });
  });

  it('are not those of an envFile, which a server may be able to write', () => {
    const mcpServers = { a: { command: 'x', env: { A: 'localhost:1' } } };
    const entry = parseMcpJson(JSON.stringify({ mcpServers }), {}).servers.get('a');
    if (entry?.transport !== 'stdio') throw new TypeError('it is a program');
    const read = { ...entry, env: { ...entry.env, B: 'localhost:2' }, namedVariables: entry.env };
    expect(namedPorts(read).reached).toEqual([1]);
  });
});
