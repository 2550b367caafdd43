import { describe, expect, it } from 'vitest';
import { toPlainNotation } from '../../../src/command/mcp-import/plain-notation.ts';
import { readServers } from '../../../src/command/mcp-import/read-servers.ts';

/** The entries of a configuration in the notation of mcp.json. */
async function plain(text: string, name: string): Promise<Record<string, unknown>> {
  const entries = Object.entries(await readServers(text, name));
  return Object.fromEntries(entries.map(([label, raw]) => [label, toPlainNotation(raw)]));
}

const CODEX = `
model = "gpt"
[mcp_servers.files]
command = "npx"
args = ["-y", "server"]
env_vars = ["API_KEY"]
enabled_tools = ["read"]
startup_timeout_sec = 20
[mcp_servers.files.env]
PORT = "1"
[mcp_servers.web]
url = "https://a.example/mcp"
bearer_token_env_var = "TOKEN"
http_headers = { "X-Region" = "eu" }
env_http_headers = { "X-Key" = "KEY" }
enabled = false
`;

const GOOSE = `
GOOSE_MODEL: x
extensions:
  developer: { type: builtin, enabled: true, name: developer, bundled: true }
  files:
    type: stdio
    name: Files
    cmd: npx
    args: [-y, server]
    envs: { PORT: "1" }
    env_keys: [API_KEY]
    timeout: 300
    available_tools: []
  web: { type: streamable_http, uri: "https://a.example/mcp", available_tools: [read], enabled: false }
`;

const CONTINUE = `
name: mine
version: 0.0.1
mcpServers:
  - name: files
    command: npx
    args: [-y, server]
    env:
      API_KEY: \${{ secrets.API_KEY }}
  - name: web
    type: streamable-http
    url: https://a.example/mcp
    requestOptions:
      headers: { Authorization: "Bearer \${{ secrets.TOKEN }}" }
`;

describe('the configuration of another host', () => {
  it.each(['config.toml', 'standard input'])('is read as TOML of Codex from %s', async (name) => {
    expect(await plain(CODEX, name)).toEqual({
      files: {
        entry: {
          command: 'npx',
          args: ['-y', 'server'],
          env: { API_KEY: `\${API_KEY}`, PORT: '1' },
          enabled_tools: ['read'],
          startup_timeout_sec: 20,
        },
      },
      web: {
        entry: {
          url: 'https://a.example/mcp',
          headers: { 'X-Region': 'eu', Authorization: `Bearer \${TOKEN}`, 'X-Key': `\${KEY}` },
          enabled: false,
        },
      },
    });
  });

  it.each(['config.yaml', 'config.yml', 'standard input'])('is read as YAML of Goose from %s', async (name) => {
    expect(await plain(GOOSE, name)).toEqual({
      developer: { problem: 'it is a part of its host (type builtin)' },
      files: {
        entry: {
          type: 'stdio',
          command: 'npx',
          args: ['-y', 'server'],
          env: { PORT: '1', API_KEY: `\${API_KEY}` },
          timeout: 300,
        },
      },
      web: { entry: { type: 'streamable_http', url: 'https://a.example/mcp', tools: ['read'], enabled: false } },
    });
  });

  it('is read as YAML of Continue and of LibreChat', async () => {
    expect(await plain(CONTINUE, 'config.yaml')).toEqual({
      files: { entry: { command: 'npx', args: ['-y', 'server'], env: { API_KEY: `\${API_KEY}` } } },
      web: {
        entry: {
          type: 'streamable-http',
          url: 'https://a.example/mcp',
          headers: { Authorization: `Bearer \${TOKEN}` },
        },
      },
    });
    const librechat = 'mcpServers:\n  web:\n    type: sse\n    url: https://a.example\n';
    expect(await plain(librechat, 'librechat.yaml')).toEqual({
      web: { entry: { type: 'sse', url: 'https://a.example' } },
    });
  });

  it('is read as JSON of VS Code, whose inputs are variables', async () => {
    const text = `{ // mine
      "inputs": [{ "id": "api-key", "type": "promptString" }],
      "servers": { "web": { "url": "https://a.example", "headers": { "X-Key": "\${input:api-key}" } } } }`;
    expect(await plain(text, 'mcp.json')).toEqual({
      web: { entry: { url: 'https://a.example', headers: { 'X-Key': `\${MCP_INPUT_API_KEY}` } } },
    });
  });

  it('is not looked for among the extensions of an editor', async () => {
    const text = '{ "extensions": { "a.b": true }, "mcp": { "servers": { "files": { "command": "x" } } } }';
    expect(await plain(text, 'settings.json')).toEqual({ files: { entry: { command: 'x' } } });
  });

  it.each([
    ['a.json', '{ "mcpServers": '],
    ['a.toml', '[mcp_servers\nKEY = "sk-secret"'],
    ['a.yaml', 'mcpServers: [sk-secret'],
    [
      'a.yaml',
      `a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]`,
    ],
    ['standard input', '[1, 2'],
    ['a.toml', 'x = 1'],
    ['a.json', `[${' '.repeat(1_048_577)}]`],
  ])('is refused in words and without its text: %s', async (name, text) => {
    const error = await readServers(text, name).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain('sk-secret');
    expect(['CommandError', 'BridgeError']).toContain((error as Error).name);
  });

  it.each([
    [{ cmd: 'a', command: 'b' }, '"cmd" means the same as "command"'],
    ['npx', 'it is not an object of settings'],
    [{ type: 'inline_python', code: 'x' }, 'it is a part of its host'],
  ])('has no entry for what cannot be one: %j', (raw, problem) => {
    expect(toPlainNotation(raw)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
