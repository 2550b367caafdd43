import { describe, expect, it } from 'vitest';
import { BridgeError, parseMcpJson, pluginId } from '../../src/index.ts';

function problemOf(text: string, environment = {}): { code: string; path: string | undefined; message: string } {
  try {
    parseMcpJson(text, environment);
  } catch (error) {
    if (error instanceof BridgeError) return { code: error.code, path: error.path, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

const withServer = (entry: unknown): string => JSON.stringify({ mcpServers: { files: entry } });

describe('parseMcpJson', () => {
  it('reads servers that are programs and servers that are remote, in order', () => {
    const text = `{
      // The team's servers.
      "mcpServers": {
        "files": { "command": "mcp-files", "args": ["/srv"], "env": { "A": "1" }, "cwd": "/tmp" },
        "Web_Search": { "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer x" } },
      },
    }`;
    expect([...parseMcpJson(text, {}).servers]).toEqual([
      [
        'files',
        {
          transport: 'stdio',
          label: 'files',
          id: 'mcp/files',
          command: 'mcp-files',
          args: ['/srv'],
          env: { A: '1' },
          cwd: '/tmp',
        },
      ],
      [
        'Web_Search',
        {
          transport: 'http',
          label: 'Web_Search',
          id: 'mcp/web-search',
          url: 'https://example.com/mcp',
          headers: { Authorization: 'Bearer x' },
        },
      ],
    ]);
  });

  it.each<[string, unknown, string]>([
    ['an argument that is no text', { command: 'x', args: ['a', 1] }, 'mcpServers.files.args[1]'],
    ['a variable that is no text', { command: 'x', env: { PORT: 80 } }, 'mcpServers.files.env.PORT'],
    ['an empty command', { command: '' }, 'mcpServers.files.command'],
    ['neither command nor url', { args: [] }, 'mcpServers.files'],
    ['both command and url', { command: 'x', url: 'https://a.example' }, 'mcpServers.files'],
    ['a transport that is not spoken', { url: 'https://a.example', type: 'sse' }, 'mcpServers.files.type'],
    ['a url that is none', { url: 'example' }, 'mcpServers.files.url'],
    ['a url of another kind', { url: 'file:///etc/passwd' }, 'mcpServers.files.url'],
    ['a url with a user', { url: 'https://me:secret@a.example' }, 'mcpServers.files.url'],
    [
      'a header of the transport',
      { url: 'https://a.example', headers: { Host: 'b' } },
      'mcpServers.files.headers.Host',
    ],
    [
      'a header of the protocol',
      { url: 'https://a.example', headers: { 'mcp-session-id': 'b' } },
      'mcpServers.files.headers.mcp-session-id',
    ],
    [
      'a header that breaks the line',
      { url: 'https://a.example', headers: { 'X-A': 'b\r\nc' } },
      'mcpServers.files.headers.X-A',
    ],
    [
      'a list that narrows what may be called',
      { command: 'x', disabledTools: ['rm'] },
      'mcpServers.files.disabledTools',
    ],
    ['a server that is no object', 7, 'mcpServers.files'],
  ])('names the key of %s', (_, entry, path) => {
    const problem = problemOf(withServer(entry));
    expect(problem).toMatchObject({ code: 'MCP_CONFIG_INVALID', path });
    expect(problem.message).toContain(path);
    expect(problem.message).not.toContain('secret');
  });

  it('says where the text stops being JSON', () => {
    expect(problemOf('{\n  "mcpServers": {{}}\n}').message).toMatch(/line 2, column 18/);
    expect(problemOf('').code).toBe('MCP_CONFIG_INVALID');
    expect(problemOf('{"servers": {}}')).toMatchObject({ path: 'mcpServers' });
  });

  it('refuses a key that is written twice, for one of the two would be lost', () => {
    const text = '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}';
    expect(problemOf(text)).toMatchObject({ path: 'mcpServers.a' });
  });

  it('refuses two labels that are reached by one id and names both', () => {
    const { message } = problemOf('{"mcpServers": {"My_Files": {"command": "x"}, "my-files": {"command": "y"}}}');
    expect(message).toContain('mcpServers.my-files');
    expect(message).toContain('mcpServers.My_Files');
  });

  it.each(['__proto__', '../x', '', 'a b', 'x'.repeat(65)])('refuses the label %j', (label) => {
    expect(problemOf(`{"mcpServers": {${JSON.stringify(label)}: {"command": "x"}}}`).code).toBe('MCP_CONFIG_INVALID');
  });

  it('leaves out a server that is disabled', () => {
    expect(parseMcpJson(withServer({ command: 'x', disabled: true }), {}).servers.size).toBe(0);
  });

  it('gives approvals of other hosts no effect and says so', () => {
    const config = parseMcpJson(withServer({ command: 'x', autoApprove: ['*'], colour: 'red' }), {});
    expect(config.servers.get('files')).not.toHaveProperty('autoApprove');
    expect(config.warnings).toEqual([
      'mcpServers.files.autoApprove has no effect: what may be called is decided by tokens alone',
      'mcpServers.files.colour is not known and has no effect',
    ]);
  });

  it('replaces variables in commands, arguments, environment, folder, url and headers', () => {
    const environment = { BIN: '/opt/bin', DIR: '/srv', KEY: 'k', HOST: 'a.example' };
    const stdio = { command: `\${BIN}/x`, args: [`\${env:DIR}/docs`], env: { K: `\${KEY}` }, cwd: `\${DIR}` };
    expect(parseMcpJson(withServer(stdio), environment).servers.get('files')).toMatchObject({
      command: '/opt/bin/x',
      args: ['/srv/docs'],
      env: { K: 'k' },
      cwd: '/srv',
    });
    const http = { url: `https://\${HOST}/mcp`, headers: { Authorization: `Bearer \${KEY}` } };
    expect(parseMcpJson(withServer(http), environment).servers.get('files')).toMatchObject({
      url: 'https://a.example/mcp',
      headers: { Authorization: 'Bearer k' },
    });
  });

  it('keeps a server whose variable is unset, with a problem that names key and variable', () => {
    const entry = parseMcpJson(withServer({ command: 'x', env: { TOKEN: `\${FILES_TOKEN}` } }), {}).servers.get(
      'files',
    );
    expect(entry?.problem).toBe('mcpServers.files.env.TOKEN: the environment variable FILES_TOKEN is not set');
    expect(JSON.stringify(entry)).not.toContain(`\${`);
  });
});

describe('pluginId', () => {
  it("normalises a label as LM Studio's servers do", () => {
    expect(pluginId('oracle_Stream')).toBe('mcp/oracle-stream');
  });
});
