import { chmodSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ConfigSources, loadConfig } from '../../src/config/load-config.ts';
import { defaultDataFolder } from '../../src/config/own-home.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

function load(
  files: Readonly<Record<string, string>>,
  { flags = {}, environment = {} }: Partial<ConfigSources> = {},
): { readonly data: string; readonly config: ReturnType<typeof loadConfig> } {
  const data = temporaryFolder();
  writeFiles(data, files);
  return { data, config: loadConfig({ flags: { data, ...flags }, environment }) };
}

/** What the message of the error is, with the data folder written as DATA. */
function refusal(text: string, sources: Partial<ConfigSources> = {}): string {
  const data = temporaryFolder();
  writeFiles(data, { 'config.json': text });
  try {
    loadConfig({ flags: { data, ...sources.flags }, environment: sources.environment ?? {} });
  } catch (error) {
    expect(error).toHaveProperty('name', 'ConfigError');
    return (error as Error).message.replaceAll(data, 'DATA');
  }
  return expect.fail('the configuration was accepted');
}

describe('the configuration', () => {
  it('is complete and safe when nobody says anything', () => {
    const { data, config } = load({});
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 1234,
      data,
      models: join(data, 'models'),
      mcpPins: 'auto',
      mcpPinned: 'everything',
      taint: 'off',
      taintedCalls: ['egress'],
      toolLabels: {},
      auth: true,
      allowUnauthenticatedNetwork: false,
      aliases: {},
      sampling: {},
      allowedHosts: [],
      allowedOrigins: [],
      basicAuthentication: false,
      trustedProxies: [],
      engine: {
        contextLength: 4096,
        parallel: 4,
        gpu: 'auto',
        idleMinutes: 60,
        queue: 64,
        keepOnlyLast: true,
        checkMemory: true,
        models: {},
      },
      limits: {
        bodyBytes: 8_388_608,
        toolRounds: 8,
        toolCalls: 32,
        toolSeconds: 60,
        toolStartSeconds: 30,
        toolMessageBytes: 8_388_608,
        toolResultBytes: 1_048_576,
        toolIdleMinutes: 10,
        approvalSeconds: 300,
        keepAliveSeconds: 75,
        sdkConnectionsPerToken: 128,
        shutdownSeconds: 4,
      },
      listen: [],
      downloads: { allowPrivateHosts: [], baseUrl: 'https://huggingface.co', hosts: ['*.huggingface.co', '*.hf.co'] },
      budgets: { owners: {}, projects: {} },
      webhooks: { endpoints: {}, allowPrivateHosts: [] },
      upstreams: {},
      retention: { exchangedKeyDays: 1, responseDays: 30, approvalDays: 30, idempotencyHours: 24 },
      oauth: { authorizationServers: [], authorizationServer: false, privateClientHosts: [] },
      ephemeralMcp: { allowedHosts: ['*'], allowPrivateHosts: [], allowHttpHosts: [] },
      audit: { arguments: 'digest', persons: 'named' },
      log: 'info',
    });
  });

  it('comes from the file, the environment over it, and the flags over both', () => {
    const { config } = load(
      { 'config.json': '{"port": 1, "host": "10.0.0.1", "log": "debug"}' },
      { environment: { LATCHKEY_PORT: '2', LATCHKEY_HOST: '10.0.0.2' }, flags: { port: 3 } },
    );
    expect(config).toMatchObject({ port: 3, host: '10.0.0.2', log: 'debug' });
  });

  it('takes no notice of flags and variables that are not set', () => {
    const { config } = load(
      { 'config.json': '{"port": 1}' },
      { environment: { LATCHKEY_PORT: '' }, flags: { port: undefined } },
    );
    expect(config.port).toBe(1);
  });

  it('reads each of its variables', () => {
    const data = temporaryFolder();
    const environment = {
      LATCHKEY_HOST: '::1',
      LATCHKEY_PORT: '99',
      LATCHKEY_DATA: data,
      LATCHKEY_MODELS: '/m',
      LATCHKEY_MCP: '/mcp.json',
      LATCHKEY_AUTH: 'off',
      LATCHKEY_LOG: 'warn',
      LATCHKEY_LOG_FILE: '/log',
      LATCHKEY_ALLOWED_HOSTS: 'a.example, b.example',
      LATCHKEY_ALLOWED_ORIGINS: 'https://a.example',
      LATCHKEY_PUBLIC_URL: 'https://a.example',
      LATCHKEY_TRUSTED_PROXIES: '10.0.0.0/8,127.0.0.1',
    };
    expect(loadConfig({ flags: {}, environment })).toMatchObject({
      host: '::1',
      port: 99,
      data,
      models: '/m',
      mcp: '/mcp.json',
      auth: false,
      log: 'warn',
      logFile: '/log',
      allowedHosts: ['a.example', 'b.example'],
      allowedOrigins: ['https://a.example'],
      publicUrl: 'https://a.example',
      trustedProxies: ['10.0.0.0/8', '127.0.0.1'],
    });
  });

  it('needs no home folder where the data folder is named, and says so where it is not', () => {
    vi.stubEnv('HOME', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(loadConfig({ flags: { data: '/d' }, environment: {} }).data).toBe('/d');
    expect(() => loadConfig({ flags: {}, environment: {} })).toThrow(
      'There is no home folder: set HOME, or name the data folder',
    );
    expect(() => loadConfig({ flags: { data: '/d', models: '~/m' }, environment: {} })).toThrow(
      'name models without ~',
    );
  });

  it('takes ~ for the home in each path, wherever it is written', () => {
    const { config } = load(
      { 'config.json': '{"models": "~/models"}' },
      { environment: { LATCHKEY_MCP: '~/mcp.json' }, flags: { logFile: '~/log' } },
    );
    const home = homedir();
    expect(config).toMatchObject({
      models: `${home}/models`,
      mcp: `${home}/mcp.json`,
      logFile: '~/log'.replace('~', home),
    });
  });

  it('reads a file that begins with a byte order mark', () => {
    expect(load({ 'config.json': '\uFEFF{"port": 7}' }).config.port).toBe(7);
  });

  it('reads a file with comments and trailing commas, as mcp.json is read', () => {
    const text =
      '\uFEFF// mine\r\n{\r\n  "port": 7, // not "8"\r\n  /* "host": "::", */ "publicUrl": "https://a.example/b",\r\n}\r\n';
    expect(load({ 'config.json': text }).config).toMatchObject({
      port: 7,
      host: '127.0.0.1',
      publicUrl: 'https://a.example/b',
    });
  });

  it('refuses a key that is written twice, since one of its values would be lost', () => {
    expect(() => load({ 'config.json': '{"engine": {"parallel": 1, "parallel": 2}}' })).toThrow(
      'config.json: engine.parallel is written twice',
    );
  });

  it('quotes nothing of a file that is not JSON', () => {
    expect(() => load({ 'config.json': '{"database": "postgres://u:s3cret@h/d' })).toThrow(
      /config\.json: not valid JSON: (?!.*s3cret).* at line 1, column/,
    );
  });

  it('takes every key from a variable: JSON for what has no notation of its own', () => {
    const environment = {
      LATCHKEY_ENGINE: '{"parallel": 2, /* few */}',
      LATCHKEY_MCP_PINS: 'explicit',
      LATCHKEY_BASIC_AUTHENTICATION: 'true',
      LATCHKEY_OLLAMA_PORT: '11434\n',
      LATCHKEY_TOOL_LABELS: '{"mcp/mail": {"*": ["private"]}}',
    };
    const { config } = load({ 'config.json': '{"engine": {"threads": 3}}' }, { environment });
    expect(config).toMatchObject({
      engine: { parallel: 2 },
      mcpPins: 'explicit',
      basicAuthentication: true,
      ollamaPort: 11434,
      toolLabels: { 'mcp/mail': { '*': ['private'] } },
    });
    expect(config.engine.threads).toBeUndefined();
    expect(() => load({}, { environment: { LATCHKEY_ENGINE: '{"parallel": 0}' } })).toThrow(/^LATCHKEY_ENGINE: /);
    expect(() => load({}, { environment: { LATCHKEY_LIMITS: '{' } })).toThrow(/^LATCHKEY_LIMITS: /);
  });

  it('takes variables without the line break at their end', () => {
    expect(load({}, { environment: { LATCHKEY_MODELS: '/m\n', LATCHKEY_PORT: ' 5 ' } }).config).toMatchObject({
      models: '/m',
      port: 5,
    });
  });

  it.each([
    ['true', true],
    ['1', true],
    ['ON', true],
    ['False', false],
    ['0', false],
    ['off', false],
  ])('reads LATCHKEY_AUTH=%s', (text, auth) => {
    expect(load({}, { environment: { LATCHKEY_AUTH: text } }).config.auth).toBe(auth);
  });

  it('takes hosts of request-scoped servers as URLs spell them, in any case', () => {
    const hosts = ['*', '*.Example.com', 'mcp.example.com', 'a_b.internal', 'localhost', '10.0.0.1', 'fd00::1'];
    const [, , ...names] = hosts;
    const ephemeralMcp = {
      allowedHosts: hosts,
      allowHttpHosts: hosts,
      allowPrivateHosts: [...names, '10.0.0.0/8', '0:0::1'],
    };
    expect(load({ 'config.json': JSON.stringify({ ephemeralMcp }) }).config).toMatchObject({ ephemeralMcp });
  });

  it('finds mcp.json in the data folder, and says nothing of one that is not there', () => {
    const { data, config } = load({ 'mcp.json': '{}' });
    expect(config.mcp).toBe(join(data, 'mcp.json'));
    expect(load({}).config).not.toHaveProperty('mcp');
  });

  it('may say itself where the data lies', () => {
    const data = temporaryFolder();
    writeFiles(data, { 'c.json': JSON.stringify({ data }) });
    const config = loadConfig({ flags: {}, environment: {}, file: join(data, 'c.json') });
    expect(config).toMatchObject({ data, models: join(data, 'models') });
  });

  it('makes every path absolute', () => {
    const { config } = load({}, { flags: { models: 'm', mcp: 'mcp.json' } });
    expect(config).toMatchObject({ models: resolve('m'), mcp: resolve('mcp.json') });
  });

  it("keeps its data in the person's own folder by default", () => {
    expect(defaultDataFolder()).toBe(join(homedir(), '.latchkey'));
  });
});

describe('an error', () => {
  it.each([
    ['{"limits": {"toolRounds": "many"}}', 'DATA/config.json: limits.toolRounds:'],
    ['{"limits": {"toolRound": 1}}', 'DATA/config.json: limits.toolRound: there is no such setting'],
    ['{"prot": 1}', 'DATA/config.json: prot: there is no such setting'],
    ['{"port": 70000}', 'DATA/config.json: port:'],
    ['{"port": "1234"}', 'DATA/config.json: port:'],
    ['{"auth": "no"}', 'DATA/config.json: auth:'],
    ['{"allowedHosts": ["a", 1]}', 'DATA/config.json: allowedHosts[1]:'],
    ['{"trustedProxies": ["10.0.0.1/8"]}', 'DATA/config.json: trustedProxies[0]: must be an IP address, a range'],
    [
      '{"ephemeralMcp": {"allowPrivateHosts": ["tools.internal", "10.0.0.0/99"]}}',
      'DATA/config.json: ephemeralMcp.allowPrivateHosts[1]: must be a host name, an IP address or a range',
    ],
    ...[
      'https://a.example',
      'a.example:8443',
      'a.example/',
      '*a.example',
      'a.*',
      '[::1]',
      '0:0::1',
      'fe80::1%eth0',
      '127.1',
      'b\u00fccher.example',
      'a.example.',
    ].flatMap((host): [string, string][] => [
      [
        `{"ephemeralMcp": {"allowedHosts": ["*", "${host}"]}}`,
        'DATA/config.json: ephemeralMcp.allowedHosts[1]: must be',
      ],
      [
        `{"ephemeralMcp": {"allowHttpHosts": ["${host}"]}}`,
        'DATA/config.json: ephemeralMcp.allowHttpHosts[0]: must be',
      ],
    ]),
    ...['http://10.0.0.1', '10.0.0.1:80', '*', '*.internal', '[::1]', 'localhost:8080'].map(
      (host): [string, string] => [
        `{"ephemeralMcp": {"allowPrivateHosts": ["${host}"]}}`,
        'DATA/config.json: ephemeralMcp.allowPrivateHosts[0]: must be',
      ],
    ),
    ['{"sampling": {"ibm/granite": {"topP": 2}}}', 'DATA/config.json: sampling["ibm/granite"].topP:'],
    ['{"engine": null}', 'DATA/config.json: engine:'],
    ['[]', 'DATA/config.json: expected an object of settings'],
    ['{"port": ', 'DATA/config.json: not valid JSON:'],
  ])('in the file %s names the file and the key', (text, start) => {
    expect(refusal(text)).toContain(start);
  });

  it('in the environment names the variable', () => {
    expect(refusal('{}', { environment: { LATCHKEY_PORT: 'http' } })).toMatch(
      /^LATCHKEY_PORT: must be a number, not 'http'$/,
    );
    expect(refusal('{}', { environment: { LATCHKEY_AUTH: 'perhaps' } })).toMatch(
      /^LATCHKEY_AUTH: must be true or false, not 'perhaps'$/,
    );
    expect(refusal('{}', { environment: { LATCHKEY_AUTH: 'constructor' } })).toContain('LATCHKEY_AUTH');
  });

  it('in a flag names the flag', () => {
    expect(refusal('{}', { flags: { port: 'x' } })).toMatch(/^--port: must be a number, not 'x'$/);
    expect(refusal('{}', { flags: { allowUnauthenticatedNetwork: 1 } })).toMatch(
      /^--allow-unauthenticated-network: must be true or false, not 1$/,
    );
  });

  it('is a file that was named and is not there', () => {
    expect(() => loadConfig({ flags: {}, environment: {}, file: '/nonexistent/c.json' })).toThrow(
      '/nonexistent/c.json: there is nothing there (ENOENT).',
    );
  });

  it('is a data folder that is no text', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'c.json': '{"data": 5}' });
    expect(() => loadConfig({ flags: {}, environment: {}, file: join(folder, 'c.json') })).toThrow('data:');
  });
});

describe.skipIf(process.getuid === undefined)('a file of settings', () => {
  it('is not read when others can change it', () => {
    const data = temporaryFolder();
    writeFiles(data, { 'config.json': '{}' });
    chmodSync(join(data, 'config.json'), 0o666);
    expect(() => loadConfig({ flags: { data }, environment: {} })).toThrow(
      expect.objectContaining({ code: 'unsafe_path', message: expect.stringContaining('chmod 600') }),
    );
  });
});
