import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Item } from '../../src/command/import/item.ts';
import { addImportCommand } from '../../src/command/import.ts';
import { addTokenCommands } from '../../src/command/token/token-commands.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const STRONG = 'wZ4qT9xLr7Vb2NcK8sHd';

afterEach(() => vi.unstubAllEnvs());

/** Runs a command, and returns what it printed. */
async function run(...args: readonly string[]): Promise<string> {
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = new Command();
    addImportCommand(program);
    addTokenCommands(program);
    await program.parseAsync(['node', 'latchkey', ...args]);
  } finally {
    write.mockRestore();
  }
  return printed;
}

function put(file: string, content: string | object): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** An empty data folder, and the command on it. */
function setUp(config?: string) {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (config !== undefined) writeFileSync(join(data, 'config.json'), config, { mode: 0o600 });
  const take = async (...args: readonly string[]): Promise<readonly Item[]> =>
    JSON.parse(await run('import', '--data', data, '--json', ...args)).items;
  const configured = (): Record<string, unknown> => JSON.parse(readFileSync(join(data, 'config.json'), 'utf8'));
  return { folder, data, take, configured };
}

const of = (items: readonly Item[], what: Item['what']) => items.filter((item) => item.what === what);

describe('latchkey import --from lmstudio', () => {
  function home(folder: string): string {
    const place = join(folder, 'lmstudio');
    put(join(place, 'models', 'ibm', 'granite', 'granite-Q4_K_M.gguf'), 'GGUF');
    put(join(place, '.internal', 'http-server-config.json'), { port: 4321, networkInterface: '0.0.0.0', cors: true });
    put(join(place, '.internal', 'permissions-store.json'), {});
    put(join(place, 'settings.json'), { defaultContextLength: 8192 });
    put(join(place, 'mcp.json'), { mcpServers: { files: { command: 'npx', args: ['-y', 'server'] } } });
    return place;
  }

  it('links the models, and takes settings and MCP servers; what would let others in is said and left out', async () => {
    const { folder, data, take, configured } = setUp();
    const place = home(folder);
    const items = await take('--from', 'lmstudio', place, '--yes');
    expect(of(items, 'model')).toEqual([{ what: 'model', name: 'ibm/granite', outcome: 'taken' }]);
    expect(readlinkSync(join(data, 'models', 'ibm', 'granite'))).toBe(join(place, 'models', 'ibm', 'granite'));
    expect(configured()).toEqual({ port: 4321, engine: { contextLength: 8192 } });
    expect(JSON.parse(readFileSync(join(data, 'mcp.json'), 'utf8')).mcpServers).toHaveProperty('files');
    expect(items.filter(({ outcome }) => outcome === 'left out').map(({ name }) => name)).toEqual([
      'networkInterface',
      'cors',
      "LM Studio's tokens",
    ]);
    const again = await take('--from', 'lmstudio', place, '--yes');
    expect(of(again, 'model')).toMatchObject([{ outcome: 'there already' }]);
    expect(of(again, 'setting')).toContainEqual(expect.objectContaining({ name: 'port', outcome: 'there already' }));
  });

  it('changes nothing with --dry-run, nor without a yes', async () => {
    const { folder, data, take } = setUp();
    const place = home(folder);
    expect(of(await take('--from', 'lmstudio', place, '--dry-run'), 'model')).toMatchObject([{ outcome: 'taken' }]);
    await expect(take('--from', 'lmstudio', place)).rejects.toThrow('--dry-run');
    for (const name of ['models', 'config.json', 'mcp.json']) expect(existsSync(join(data, name)), name).toBe(false);
  });

  it('leaves settings as they are that config.json has, and does not rewrite comments', async () => {
    const there = setUp('{"port": 1}');
    const kept = await there.take('--from', 'lmstudio', home(there.folder), '--yes');
    expect(of(kept, 'setting')).toContainEqual(expect.objectContaining({ name: 'port', outcome: 'there already' }));
    expect(there.configured()).toEqual({ port: 1, engine: { contextLength: 8192 } });
    const commented = '{\n  // mine\n  "host": "127.0.0.1"\n}\n';
    const other = setUp(commented);
    const items = await other.take('--from', 'lmstudio', home(other.folder), '--yes');
    expect(of(items, 'setting')[0]).toMatchObject({ name: 'port', outcome: 'left out' });
    expect(readFileSync(join(other.data, 'config.json'), 'utf8')).toBe(commented);
  });
});

describe('latchkey import --from ollama', () => {
  it('links the blobs under names that there are aliases for, and says what is not whole', async () => {
    const { folder, data, take, configured } = setUp();
    const place = join(folder, 'ollama');
    const digest = `sha256:${createHash('sha256').update('GGUF').digest('hex')}`;
    const blob = put(join(place, 'blobs', digest.replace(':', '-')), 'GGUF');
    const manifests = join(place, 'manifests', 'registry.ollama.ai');
    const layer = (kind: string, of: string) => ({ mediaType: `application/vnd.ollama.image.${kind}`, digest: of });
    const whole = { layers: [layer('model', digest), layer('projector', digest)] };
    put(join(manifests, 'library', 'llava', 'latest'), whole);
    put(join(manifests, 'ada', 'own model', '8b'), { layers: [layer('model', digest)] });
    put(join(manifests, 'library', 'cloud', '1b'), { layers: [layer('model', `sha256:${'0'.repeat(64)}`)] });
    put(join(manifests, 'library', 'odd', '1b'), { layers: [layer('model', 'sha256:../../../etc/passwd')] });
    put(join(manifests, 'library', 'broken', '1b'), 'no JSON');
    const items = await take('--from', 'ollama', place, '--yes');
    expect(of(items, 'model').map(({ name, outcome }) => [name, outcome])).toEqual([
      ['ada/own-model-8b', 'taken'],
      ['ollama/llava-latest', 'taken'],
      ['broken:1b', 'left out'],
      ['cloud:1b', 'left out'],
      ['llava:latest', 'left out'],
      ['odd:1b', 'left out'],
    ]);
    expect(readlinkSync(join(data, 'models', 'ollama', 'llava-latest.gguf'))).toBe(blob);
    expect(configured()).toEqual({
      aliases: {
        'ada/own model:8b': 'ada/own-model-8b',
        'llava:latest': 'ollama/llava-latest',
        llava: 'ollama/llava-latest',
      },
    });
  });
});

describe('latchkey import --from litellm', () => {
  const CONFIG = `
model_list:
  - model_name: granite
    litellm_params: { model: hosted_vllm/ibm/granite, api_base: "http://10.0.0.5:8000/v1", api_key: os.environ/GPU_KEY, rpm: 6 }
  - model_name: small
    litellm_params: { model: ollama_chat/qwen3, api_base: "http://10.0.0.6:11434" }
  - model_name: keyed
    litellm_params: { model: openai/x, api_base: "http://10.0.0.7:8000/v1", api_key: sk-in-the-file }
  - model_name: claude
    litellm_params: { model: bedrock/anthropic.claude }
  - model_name: granite
    litellm_params: { model: hosted_vllm/ibm/granite, api_base: "http://10.0.0.8:8000/v1" }
  - model_name: "all/*"
    litellm_params: { model: "openai/*" }
router_settings: { model_group_alias: { fast: small }, routing_strategy: least-busy }
general_settings: { master_key: ${STRONG}, database_url: "postgres://x" }
`;

  it('makes upstreams of models, a token for models of the master key, and copies no key of a server', async () => {
    const { folder, data, take, configured } = setUp();
    const file = put(join(folder, 'config.yaml'), CONFIG);
    const dry = await run('import', '--data', data, '--from', 'litellm', file, '--dry-run');
    expect(dry).toContain('embeddings');
    const items = await take('--from', 'litellm', file, '--yes');
    expect(configured()).toEqual({
      upstreams: {
        '10-0-0-5-8000': {
          urls: ['http://10.0.0.5:8000/v1'],
          apiKeyVariable: 'GPU_KEY',
          models: { granite: { name: 'ibm/granite' } },
        },
        '10-0-0-6-11434': { urls: ['http://10.0.0.6:11434/v1'], models: { small: { name: 'qwen3' } } },
        '10-0-0-7-8000': {
          urls: ['http://10.0.0.7:8000/v1'],
          apiKeyVariable: '_10_0_0_7_8000_API_KEY',
          models: { keyed: { name: 'x' } },
        },
      },
      aliases: { fast: 'small' },
    });
    expect(of(items, 'key').map(({ name, outcome }) => [name, outcome])).toEqual([
      ['LiteLLM master key', 'taken'],
      ['10-0-0-7-8000', 'left out'],
      ['virtual keys', 'left out'],
    ]);
    expect(of(items, 'upstream').map(({ name }) => name)).toEqual(['granite', 'claude', 'granite', 'all/*']);
    for (const secret of [STRONG, 'sk-in-the-file', 'postgres://x']) {
      expect(dry + JSON.stringify(items) + JSON.stringify(configured())).not.toContain(secret);
    }
    const tokens = JSON.parse(await run('token', 'list', '--data', data, '--json'));
    expect(JSON.stringify(tokens)).toContain('"LiteLLM master key"');
    expect(JSON.stringify(tokens)).toContain('{"actions":["chat","embeddings","models:read"],"models":["*"]}');
    const again = await take('--from', 'litellm', file, '--yes', '--no-keys');
    expect(of(again, 'key').map(({ name }) => name)).not.toContain('LiteLLM master key');
  });

  it('refuses a key that is easy to guess, and knows one that is there', async () => {
    const { folder, take } = setUp();
    const weak = put(
      join(folder, 'weak.yaml'),
      'general_settings: { master_key: sk-1234-abc }\nrouter_settings: { model_group_alias: { a: b } }\n',
    );
    expect(of(await take('--from', 'litellm', weak, '--yes'), 'key')).toMatchObject([
      { outcome: 'left out', note: expect.stringContaining('easy to guess') },
    ]);
    vi.stubEnv('MASTER', STRONG);
    const named = put(join(folder, 'named.yaml'), 'general_settings: { master_key: os.environ/MASTER }\n');
    expect(of(await take('--from', 'litellm', named, '--yes'), 'key')).toMatchObject([{ outcome: 'taken' }]);
    expect(of(await take('--from', 'litellm', named, '--yes'), 'key')).toMatchObject([{ outcome: 'there already' }]);
  });
});

describe('latchkey import --from llama-swap', () => {
  it('links the model files of commands, keeps the names, and makes tokens of its keys; no command is run', async () => {
    const { folder, data, take, configured } = setUp();
    const model = put(join(folder, 'files', 'qwen.gguf'), 'GGUF');
    put(join(folder, 'files', 'with blank.gguf'), 'GGUF');
    vi.stubEnv('SWAP_MODELS', join(folder, 'files'));
    vi.stubEnv('SWAP_KEY', STRONG);
    const trace = join(folder, 'ran');
    const file = put(
      join(folder, 'config.yaml'),
      `
macros:
  dir: "\${env.SWAP_MODELS}"
  loop: "\${loop}\${loop}"
apiKeys: ["\${env.SWAP_KEY}", "\${env.SWAP_NOT_SET}"]
groups: {}
models:
  "qwen 8b":
    cmd: |
      # touch ${trace}
      llama-server --port \${PORT} \${loop} -m '\${dir}/qwen.gguf' -ngl 99
    aliases: [gpt-4o-mini, { id: gpt-4o }]
  spaced: { cmd: 'llama-server --model="\${dir}/with blank.gguf"' }
  relative: { cmd: "llama-server --model=files/qwen.gguf; touch ${trace}" }
  fetched: { cmd: "llama-server -hf ggml-org/x" }
  docker: { cmd: "docker run x --model /models/y.gguf" }
`,
    );
    const items = await take('--from', 'llama-swap', file, '--yes');
    expect(of(items, 'model').map(({ name, outcome }) => [name, outcome])).toEqual([
      ['llama-swap/qwen-8b', 'taken'],
      ['llama-swap/spaced', 'taken'],
      ['relative', 'left out'],
      ['fetched', 'left out'],
      ['docker', 'left out'],
    ]);
    expect(readlinkSync(join(data, 'models', 'llama-swap', 'qwen-8b.gguf'))).toBe(model);
    expect(configured()).toEqual({
      aliases: {
        'qwen 8b': 'llama-swap/qwen-8b',
        'gpt-4o-mini': 'llama-swap/qwen-8b',
        'gpt-4o': 'llama-swap/qwen-8b',
        spaced: 'llama-swap/spaced',
      },
    });
    expect(of(items, 'key').map(({ outcome }) => outcome)).toEqual(['taken', 'left out']);
    expect(of(items, 'setting')).toContainEqual(
      expect.objectContaining({ name: 'qwen 8b', note: expect.stringContaining('-ngl') }),
    );
    expect(existsSync(trace)).toBe(false);
  });

  it('says what is missing', async () => {
    const { folder, take } = setUp();
    await expect(take('--from', 'llama-swap', join(folder, 'none.yaml'), '--yes')).rejects.toMatchObject({
      ending: 'missing',
    });
    await expect(take('--from', 'litellm', '--yes')).rejects.toThrow('Name the configuration');
  });
});
