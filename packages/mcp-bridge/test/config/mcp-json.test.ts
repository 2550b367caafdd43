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
          sseFallback: true,
        },
      ],
    ]);
  });

  it.each<[string, unknown, string]>([
    ['an argument that is no text', { command: 'x', args: ['a', {}] }, 'mcpServers.files.args[1]'],
    ['a variable that is no text', { command: 'x', env: { PORT: [80] } }, 'mcpServers.files.env.PORT'],
    ['an empty command', { command: '' }, 'mcpServers.files.command'],
    ['neither command nor url', { args: [] }, 'mcpServers.files'],
    ['both command and url', { command: 'x', url: 'https://a.example' }, 'mcpServers.files'],
    ['a transport that is not spoken', { url: 'https://a.example', type: 'websocket' }, 'mcpServers.files.type'],
    ['a type of a program for a url', { url: 'https://a.example', type: 'stdio' }, 'mcpServers.files.type'],
    ['a type of a remote server for a command', { command: 'x', transport: 'http' }, 'mcpServers.files.transport'],
    ['two types', { command: 'x', type: 'stdio', transport: 'sse' }, 'mcpServers.files.transport'],
    [
      'two names of the url',
      { url: 'https://a.example', serverUrl: 'https://b.example' },
      'mcpServers.files.serverUrl',
    ],
    ['a url that contradicts the type', { httpUrl: 'https://a.example', type: 'sse' }, 'mcpServers.files.type'],
    [
      'two lists of the tools to keep',
      { command: 'x', allowedTools: ['a'], includeTools: ['b'] },
      'mcpServers.files.includeTools',
    ],
    [
      'two lists of the tools to leave out',
      { command: 'x', disabledTools: [], excludeTools: [] },
      'mcpServers.files.excludeTools',
    ],
    ['a list of tools that is none', { command: 'x', disabledTools: 7 }, 'mcpServers.files.disabledTools'],
    ['a tool that has no name', { command: 'x', tools: [{ id: 'a' }] }, 'mcpServers.files.tools[0]'],
    ['a tool with arguments', { command: 'x', disabledTools: ['rm(*)'] }, 'mcpServers.files.disabledTools[0]'],
    [
      'a key that may leave something out',
      { command: 'x', toolPermissions: ['a'] },
      'mcpServers.files.toolPermissions',
    ],
    ['a wish that is not known', { command: 'x', readOnly: true }, 'mcpServers.files.readOnly'],
    [
      'an approval that others ask for',
      { command: 'x', require_approval: 'always' },
      'mcpServers.files.require_approval',
    ],
    ['two timeouts', { command: 'x', timeout: 5, timeoutMs: 6000 }, 'mcpServers.files.timeoutMs'],
    ['a timeout that is over at once', { command: 'x', timeoutMs: 0 }, 'mcpServers.files.timeoutMs'],
    [
      'a command for headers that is one text',
      { url: 'https://a.example', headersCommand: 'x' },
      'mcpServers.files.headersCommand',
    ],
    ['a switch that is neither on nor off', { command: 'x', disabled: 'perhaps' }, 'mcpServers.files.disabled'],
    ['a url that is none', { url: 'example' }, 'mcpServers.files.url'],
    ['a url of another kind', { url: 'file:///etc/passwd' }, 'mcpServers.files.url'],
    ['a url with a user', { url: 'https://me:secret@a.example' }, 'mcpServers.files.url'],
    [
      'a header that breaks the line',
      { url: 'https://a.example', headers: { 'X-A': 'b\r\nc' } },
      'mcpServers.files.headers.X-A',
    ],
    ['a sandbox of another kind', { command: 'x', sandbox: 'firejail' }, 'mcpServers.files.sandbox'],
    ['a server that is no object', 7, 'mcpServers.files'],
  ])('names the key of %s', (_, entry, path) => {
    const text = JSON.stringify({ mcpServers: { files: entry, other: { command: 'x' } } });
    const { servers } = parseMcpJson(text, {});
    const read = servers.get('files');
    expect(read).toMatchObject({ transport: 'unreadable', id: 'mcp/files', problem: expect.stringContaining(path) });
    expect(read?.problem).not.toContain('secret');
    expect(servers.get('other')).toMatchObject({ transport: 'stdio' });
    expect(servers.get('other')).not.toHaveProperty('problem');
  });

  it('says where the text stops being JSON', () => {
    expect(problemOf('{\n  "mcpServers": {{}}\n}').message).toMatch(/line 2, column 18/);
    expect(problemOf('').code).toBe('MCP_CONFIG_INVALID');
    expect(problemOf('{"mcp_servers": {}}')).toMatchObject({ path: 'mcpServers' });
    expect(problemOf('{"theme": "dark"}').message).toBe(
      'mcp.json: mcpServers is missing; without servers, write "mcpServers": {}.',
    );
    expect(parseMcpJson('{}', {}).servers.size).toBe(0);
    expect(problemOf('[]')).toMatchObject({ path: '' });
    expect(problemOf('['.repeat(100_000))).toMatchObject({ code: 'MCP_CONFIG_INVALID', path: '' });
  });

  it('holds back an entry in which a key is written twice, for one of the two would be lost', () => {
    const twice = '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}, "b": {"command": "z"}}}';
    expect(parseMcpJson(twice, {}).servers.get('a')?.problem).toBe('mcpServers.a is written twice; remove one of them');
    expect(parseMcpJson(twice, {}).servers.get('b')).not.toHaveProperty('problem');
    const inside = '{"mcpServers": {"a": {"command": "x", "tools": ["a"], "tools": ["b"]}, "b": {"command": "z"}}}';
    expect(parseMcpJson(inside, {}).servers.get('a')).toMatchObject({ transport: 'unreadable' });
    expect(problemOf('{"mcpServers": {}, "mcpServers": {}}')).toMatchObject({ path: 'mcpServers' });
  });

  it('holds back two labels that are reached by one id, and names both', () => {
    const text =
      '{"mcpServers": {"My_Files": {"command": "x"}, "my-files": {"command": "y"}, "other": {"command": "z"}}}';
    const { servers } = parseMcpJson(text, {});
    expect([...servers.keys()]).toEqual(['My_Files', 'other']);
    const { problem = '' } = servers.get('My_Files') ?? {};
    expect(problem).toContain('mcpServers.my-files');
    expect(problem).toContain('mcpServers.My_Files');
  });

  it('lets one of two labels of one id work when the other is switched off', () => {
    const text = '{"mcpServers": {"My_Files": {"command": "x", "disabled": true}, "my-files": {"command": "y"}}}';
    expect(parseMcpJson(text, {}).servers.get('my-files')).toMatchObject({ command: 'y' });
  });

  it.each([
    ['../x', 'mcp/x-'],
    ['', 'mcp/server-'],
    ['My Files', 'mcp/my-files-'],
    ['@scope/server', 'mcp/scope-server-'],
    ['Dateien \u{1F4C1}', 'mcp/dateien-'],
    ['x'.repeat(65), `mcp/${'x'.repeat(40)}-`],
  ])('gives the label %j an id of its own that stays', (label, start) => {
    const [entry] = parseMcpJson(JSON.stringify({ mcpServers: { [label]: { command: 'x' } } }), {}).servers.values();
    expect(entry).toMatchObject({ label, id: expect.stringMatching(/^mcp\/[a-z0-9.-]{1,64}$/) });
    expect(entry?.id.replace(/[0-9a-f]{6}$/, '')).toBe(start);
  });

  it('refuses a label that no object can hold', () => {
    expect(problemOf('{"mcpServers": {"__proto__": {"command": "x"}}}').code).toBe('MCP_CONFIG_INVALID');
  });

  it.each([
    { disabled: true },
    { enabled: false },
    { disabled: true, enabled: true },
    { isActive: false },
    { is_active: 'false' },
    { active: 0 },
    { isEnabled: 'off' },
    { 'is-disabled': 'Yes' },
    { status: 'inactive' },
    { enabled: true, isActive: false },
  ])('leaves out a server with %j, whatever else is wrong with it', (written) => {
    const config = parseMcpJson(withServer({ comand: 'x', args: 7, ...written }), {});
    expect(config).toMatchObject({ disabled: ['mcp/files'] });
    expect(config.servers.size).toBe(0);
  });

  it.each([{ disabled: null }, { enabled: 'true' }, { isActive: true }, { status: 'running' }])(
    'starts a server with %j',
    (written) => {
      expect(parseMcpJson(withServer({ command: 'x', ...written }), {}).servers.get('files')).toMatchObject({
        transport: 'stdio',
      });
    },
  );

  it.each<[object, object]>([
    [{ tools: ['a', 'b'] }, { include: ['a', 'b'] }],
    [{ tools: 'a, b' }, { include: ['a', 'b'] }],
    [{ tools: [{ name: 'a' }, { name: 'b', enabled: false }] }, { include: ['a'], exclude: ['b'] }],
    [{ tools: { a: true, b: false } }, { include: ['a'], exclude: ['b'] }],
    [{ tools: { a: false } }, { exclude: ['a'] }],
    [{ tools: { a: { disabled: true }, b: {} } }, { include: ['b'], exclude: ['a'] }],
    [{ tools: { include: ['a'], exclude: ['b'] } }, { include: ['a'], exclude: ['b'] }],
    [{ toolFilter: { deny: ['a'] } }, { exclude: ['a'] }],
    [
      { enabled_tools: ['a'], disabled_tools: ['b'] },
      { include: ['a'], exclude: ['b'] },
    ],
    [{ available_tools: ['a'] }, { include: ['a'] }],
    [{ 'include-tools': ['a'] }, { include: ['a'] }],
    [{ alwaysDeny: ['a'] }, { exclude: ['a'] }],
    [
      { disallowedTools: ['mcp__files__a', 'files/b', 'FILES.c', 'files'] },
      { exclude: ['mcp__files__a', 'a', 'files/b', 'b', 'FILES.c', 'c', 'files'] },
    ],
    [{ deniedTools: { a: true, b: false } }, { exclude: ['a'] }],
    [{ excludeTools: ['a'], tools: null }, { exclude: ['a'] }],
  ])('reads of %j that it leaves %j', (written, tools) => {
    const config = parseMcpJson(withServer({ command: 'x', ...written }), {});
    expect(config.servers.get('files')?.tools).toEqual(tools);
    expect(config.warnings).toEqual([]);
  });

  it('reads over what only gives more, or takes nothing away', () => {
    const written = {
      command: 'x',
      autoApprove: ['a'],
      alwaysAllow: ['a'],
      trust: true,
      readOnly: false,
      tool_timeout_sec: 5,
    };
    const config = parseMcpJson(withServer(written), {});
    expect(config.servers.get('files')).not.toHaveProperty('problem');
    expect(config.warnings).toHaveLength(4);
  });

  it.each([
    [{ excludeMCPServers: ['a'] }, ['b']],
    [{ disabledMcpjsonServers: ['a', 'b'] }, []],
    [{ allowMCPServers: ['a'] }, ['a']],
  ])('leaves of two servers with %j beside them %j', (lists, left) => {
    const text = JSON.stringify({ mcpServers: { a: { command: 'x' }, b: { command: 'y' } }, ...lists });
    expect([...parseMcpJson(text, {}).servers.keys()]).toEqual(left);
  });

  it('holds back every server beside a key that may leave something out', () => {
    for (const beside of [
      { permissions: { deny: ['mcp__a__b'] } },
      { allowMCPServers: 7 },
      { mcp: { blockedServers: ['a'] } },
    ]) {
      const text = JSON.stringify({ mcpServers: { a: { command: 'x' }, b: { url: 'https://a.example' } }, ...beside });
      for (const entry of parseMcpJson(text, {}).servers.values()) {
        expect(entry).toMatchObject({
          transport: 'unreadable',
          problem: expect.stringContaining(Object.keys(beside)[0] ?? ''),
        });
      }
    }
  });

  it("reads VS Code's notation, its inputs from the environment", () => {
    const text = `{
      "inputs": [{ "type": "promptString", "id": "api-key", "description": "The key", "password": true }],
      "servers": { "search": { "type": "http", "url": "https://a.example", "headers": { "X-Key": "\${input:api-key}" } } },
    }`;
    const read = (environment: Record<string, string>) => parseMcpJson(text, environment).servers.get('search');
    expect(read({ MCP_INPUT_API_KEY: 'k' })).toMatchObject({ transport: 'http', headers: { 'X-Key': 'k' } });
    expect(read({ MCP_INPUT_API_KEY: 'k' })).not.toHaveProperty('problem');
    expect(read({})?.problem).toContain('MCP_INPUT_API_KEY');
    expect(parseMcpJson(text, {}).warnings).toEqual([]);
  });

  it('refuses a file in two notations', () => {
    expect(problemOf('{"mcpServers": {}, "servers": {}}')).toMatchObject({ path: 'servers' });
  });

  it('starts no server with an input that another one would answer too, and every other server', () => {
    const text = `{"servers": {"a": {"command": "\${input:a-b}"}, "b": {"command": "\${input:a_b}"}, "c": {"command": "x"}},
      "inputs": [{"id": "a-b"}, {"id": "a_b"}]}`;
    const { servers, warnings } = parseMcpJson(text, { MCP_INPUT_A_B: 'x' });
    expect(servers.get('a')?.problem).toContain('is not among the "inputs"');
    expect(servers.get('b')?.problem).toContain('is not among the "inputs"');
    expect(servers.get('c')).not.toHaveProperty('problem');
    expect(warnings).toEqual([expect.stringContaining('inputs[1].id and "a-b"')]);
  });

  it('takes numbers and switches for texts, and null for nothing', () => {
    const program = {
      command: 'x',
      args: ['--port', 3000, true, null],
      env: { PORT: 3000, DEBUG: true, NONE: null },
      cwd: null,
    };
    expect(parseMcpJson(withServer(program), {}).servers.get('files')).toEqual({
      transport: 'stdio',
      label: 'files',
      id: 'mcp/files',
      command: 'x',
      args: ['--port', '3000', 'true'],
      env: { PORT: '3000', DEBUG: 'true' },
    });
    const remote = { url: 'https://a.example', headers: { 'X-Version': 2, 'X-None': null } };
    expect(parseMcpJson(withServer(remote), {}).servers.get('files')).toMatchObject({ headers: { 'X-Version': '2' } });
  });

  it.each<[object, object]>([
    [{ command: 'npx -y @scope/server "/two words"' }, { command: 'npx', args: ['-y', '@scope/server', '/two words'] }],
    [
      { command: 'uvx server', args: ['--flag'] },
      { command: 'uvx', args: ['server', '--flag'] },
    ],
    [{ command: '/opt/My Tools/server' }, { command: '/opt/My Tools/server', args: [] }],
    [{ command: '~/My Tools/server' }, { command: '~/My Tools/server', args: [] }],
    [{ command: String.raw`C:\Program Files\server.exe` }, { command: String.raw`C:\Program Files\server.exe` }],
    [{ command: 'x', args: `--name 'two words' plain` }, { args: ['--name', 'two words', 'plain'] }],
    [{ baseUrl: 'https://a.example/mcp' }, { transport: 'http', url: 'https://a.example/mcp' }],
    [{ transport: { type: 'sse', url: 'https://a.example' } }, { transport: 'sse', url: 'https://a.example' }],
    [{ transport: { type: 'stdio', command: 'x', args: ['y'], cwd: null } }, { command: 'x', args: ['y'] }],
  ])('reads %j as it is meant', (written, entry) => {
    const { servers } = parseMcpJson(withServer(written), {});
    expect(servers.get('files')).toMatchObject(entry);
    expect(servers.get('files')).not.toHaveProperty('problem');
  });

  it.each([{ tools: ['read'] }, { enabled: false }, { sandbox: 'required' }])(
    'holds back an entry with something else inside its transport, which may narrow it: %j',
    (inside) => {
      const written = { transport: { type: 'http', url: 'https://a.example', ...inside } };
      expect(parseMcpJson(withServer(written), {}).servers.get('files')).toHaveProperty('problem');
    },
  );

  it('reads a list of servers by their names, and refuses one without', () => {
    const list = [
      { name: 'files', command: 'x' },
      { name: 'off', command: 'y', disabled: true },
    ];
    for (const root of ['mcpServers', 'servers', 'mcp.servers']) {
      expect([...parseMcpJson(JSON.stringify({ [root]: list }), {}).servers.keys()]).toEqual(['files']);
    }
    for (const wrong of [[{ command: 'x' }], [...list, { name: 'files', url: 'https://a.example' }], ['x']]) {
      expect(problemOf(JSON.stringify({ mcpServers: wrong })).message).toContain('needs a "name" of its own');
    }
  });

  it('holds back an entry of a list in which a key is written twice', () => {
    const text =
      '{ "mcpServers": [{ "name": "a", "command": "x" }, { "name": "b", "command": "x", "tools": ["y"], "tools": [] }] }';
    const { servers } = parseMcpJson(text, {});
    expect(servers.get('a')).not.toHaveProperty('problem');
    expect(servers.get('b')?.problem).toContain('mcpServers[1].tools');
  });

  it('gives an argument the variables that the entry itself sets', () => {
    const written = {
      command: 'npx',
      args: ['mcp-remote', 'https://a.example', '--header', `Authorization:\${AUTH}`],
      env: { AUTH: `Bearer \${TOKEN}` },
    };
    const { servers } = parseMcpJson(withServer(written), { TOKEN: 'secret' });
    expect(servers.get('files')).toMatchObject({
      args: ['mcp-remote', 'https://a.example', '--header', 'Authorization:Bearer secret'],
      secrets: ['secret'],
    });
  });

  it.each(['Accept', 'Content-Type', 'Host', 'Mcp-Session-Id', 'connection', 'proxy-authorization'])(
    'sends no header of the transport itself, and says so: %s',
    (name) => {
      const entry = { url: 'https://a.example', headers: { [name]: 'x', Authorization: 'Bearer y' } };
      const { servers, warnings } = parseMcpJson(withServer(entry), {});
      expect(servers.get('files')).toMatchObject({ headers: { Authorization: 'Bearer y' } });
      expect(servers.get('files')).not.toHaveProperty(['headers', name]);
      expect(warnings).toEqual([`mcpServers.files.headers.${name} has no effect: the transport sets it itself`]);
    },
  );

  it.each<[string, object]>([
    ['streamableHTTP', { transport: 'http' }],
    ['Streamable HTTP', { transport: 'http' }],
    ['http-stream', { transport: 'http' }],
    ['HTTP', { transport: 'http' }],
    ['SSE', { transport: 'sse' }],
    ['remote', { transport: 'http', sseFallback: true }],
  ])('knows the type %j', (type, expected) => {
    const { servers, warnings } = parseMcpJson(withServer({ type, url: 'https://a.example' }), {});
    expect(servers.get('files')).toMatchObject(expected);
    expect(warnings).toEqual([]);
  });

  it('knows the home where a shell would', () => {
    const written = { command: '~/bin/x', args: ['~/docs', '~', '~other', 'a~/b'], cwd: '~/w' };
    expect(parseMcpJson(withServer(written), { HOME: '/home/me' }).servers.get('files')).toMatchObject({
      command: '/home/me/bin/x',
      args: ['/home/me/docs', '/home/me', '~other', 'a~/b'],
      cwd: '/home/me/w',
    });
    expect(parseMcpJson(withServer(written), {}).servers.get('files')).toMatchObject({ command: '~/bin/x' });
  });

  it.each<[object, object]>([
    [{ startup_timeout_sec: 90 }, { startTimeoutMs: 90_000 }],
    [{ startup_timeout_ms: 90_000 }, { startTimeoutMs: 90_000 }],
    [{ initTimeout: 120_000 }, { startTimeoutMs: 120_000 }],
    [{ connectionTimeout: 60 }, { startTimeoutMs: 60_000 }],
    [{ tool_timeout_sec: 600 }, { callTimeoutMs: 600_000 }],
    [{ timeout: '90' }, { callTimeoutMs: 90_000 }],
    [{ timeout: { startup: 40_000, request: 9_000 } }, { startTimeoutMs: 40_000, callTimeoutMs: 9_000 }],
    [{ maxTotalTimeout: 600 }, { callTotalTimeoutMs: 600_000 }],
    [
      { messageBytes: 33_554_432, resultBytes: 4_194_304 },
      { messageBytes: 33_554_432, resultBytes: 4_194_304 },
    ],
  ])('reads of the limits %j %j', (written, limits) => {
    const { servers } = parseMcpJson(withServer({ command: 'x', ...written }), {});
    expect(servers.get('files')).toMatchObject(limits);
    expect(servers.get('files')).not.toHaveProperty('problem');
  });

  it.each<[Record<string, string>, object]>([
    [{ url: 'https://a.example' }, { transport: 'http', sseFallback: true }],
    [{ serverUrl: 'https://a.example' }, { transport: 'http', sseFallback: true }],
    [{ httpUrl: 'https://a.example' }, { transport: 'http' }],
    [{ url: 'https://a.example', type: 'streamable-http' }, { transport: 'http' }],
    [{ url: 'https://a.example', transport: 'streamable_http' }, { transport: 'http' }],
    [{ serverUrl: 'https://a.example', transportType: 'streamableHttp' }, { transport: 'http' }],
    [{ url: 'https://a.example', type: 'sse' }, { transport: 'sse' }],
  ])('makes of %j %j', (written, read) => {
    const { servers, warnings } = parseMcpJson(withServer(written), {});
    const known = { label: 'files', id: 'mcp/files', url: 'https://a.example', headers: {} };
    expect(servers.get('files')).toEqual({ ...known, ...read });
    expect(warnings).toEqual([]);
  });

  it('reads the names of other hosts for tools and timeouts', () => {
    const entryOf = (fields: object) => parseMcpJson(withServer({ command: 'x', ...fields }), {}).servers.get('files');
    expect(entryOf({ includeTools: ['read_*'], disabledTools: ['read_all'] })?.tools).toEqual({
      include: ['read_*'],
      exclude: ['read_all'],
    });
    expect(entryOf({ allowedTools: [] })?.tools).toEqual({ include: [] });
    expect(entryOf({ timeout: 90 })).toMatchObject({ callTimeoutMs: 90_000 });
    expect(entryOf({ timeoutMs: 1500 })).toMatchObject({ callTimeoutMs: 1500 });
    expect(entryOf({ timeout: 600_000 })).toMatchObject({
      callTimeoutMs: 600_000,
      warnings: ['mcpServers.files.timeout is taken for milliseconds; write "timeoutMs"'],
    });
  });

  it('says of a key that is of no use to this kind of server that it has no effect', () => {
    const text = JSON.stringify({
      mcpServers: {
        program: { command: 'x', headersCommand: ['y'], oauth: true },
        remote: { url: 'https://a.example', env: { A: 'b' }, oauth: { clientId: 'c', colour: 'red' } },
      },
      colour: 'red',
    });
    expect(parseMcpJson(text, {}).warnings).toEqual([
      'colour is not known and has no effect',
      'mcpServers.program.headersCommand has no effect on a server that is a program',
      'mcpServers.program.oauth has no effect on a server that is a program',
      'mcpServers.remote.env has no effect on a server that is reached by URL',
      'mcpServers.remote.oauth.colour is not known and has no effect',
    ]);
  });

  it.each([
    [true, { account: 'user', grant: 'login' }],
    ['oauth', { account: 'user', grant: 'login' }],
    [
      { account: 'shared', scopes: 'a b' },
      { account: 'shared', scopes: ['a', 'b'] },
    ],
    [
      { CLIENT_ID: 'c', CLIENT_SECRET: `\${SECRET}` },
      { clientId: 'c', clientSecret: 'filled' },
    ],
    [{ grant: 'client_credentials', clientId: 'c', clientSecret: 's' }, { account: 'shared' }],
  ])('reads how a server is signed in to: %j', (auth, expected) => {
    const entry = parseMcpJson(withServer({ url: 'https://a.example', auth }), { SECRET: 'filled' }).servers.get(
      'files',
    );
    expect(entry).toMatchObject({ login: expected });
    expect(entry?.problem).toBeUndefined();
  });

  it.each([false, { enabled: false }])('takes %j for a server that is not signed in to', (oauth) => {
    const entry = parseMcpJson(withServer({ url: 'https://a.example', oauth }), {}).servers.get('files');
    expect(entry).toMatchObject({ refusesLogin: true });
    expect(entry).not.toHaveProperty('login');
  });

  it.each([
    [{ account: 'everybody' }, 'account'],
    [{ grant: 'password' }, 'grant'],
    [{ grant: 'client_credentials' }, 'clientId'],
    [{ grant: 'client_credentials', clientId: 'c', account: 'user' }, 'account'],
    [{ clientSecret: 's' }, 'clientSecret'],
    [{ clientId: 'c', client_id: 'd' }, 'client_id'],
    [{ issuer: 'ftp://a' }, 'issuer'],
    [{ clientMetadataUrl: 'http://a.example/c' }, 'clientMetadataUrl'],
    [{ scopes: ['a b'] }, 'scopes'],
    [{ callbackPort: 0 }, 'callbackPort'],
    [7, 'oauth'],
  ])('names the key of an invalid login: %j', (oauth, key) => {
    const entry = parseMcpJson(withServer({ url: 'https://a.example', oauth }), {}).servers.get('files');
    expect(entry?.problem).toContain(key);
  });

  it('does not start a program whose envFile nobody has read', () => {
    expect(parseMcpJson(withServer({ command: 'x', envFile: '.env' }), {}).servers.get('files')?.problem).toContain(
      'envFile',
    );
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
