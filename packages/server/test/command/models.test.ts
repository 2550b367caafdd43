import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCommand } from './poison/run-command.ts';

/** What `latchkey models` writes when a server answers with this. */
async function models(listing: object) {
  const server = createServer((_, response) => response.end(JSON.stringify(listing))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { LATCHKEY_API_TOKEN: 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa' };
  try {
    return await runCommand(['models', '--url', url], { isTerminal: false, input: '', environment });
  } finally {
    server.close();
  }
}

const nano = {
  ...{ key: 'latchkey/nano', type: 'llm', params_string: '3M', quantization: { name: 'Q8_0' } },
  ...{ size_bytes: 3_000_000, max_context_length: 2048, loaded_instances: [] },
};

describe('latchkey models', () => {
  it('says where models go when there is none, and that those of LM Studio can be used', async () => {
    const { stderr, exitCode } = await models({ models: [] });
    expect(stderr).toMatch(
      /no model that your token may use.*MODELS\/<publisher>\/<name>\.gguf.*~\/\.lmstudio\/models/s,
    );
    expect(exitCode).toBe(0);
  });

  it('lists models, aliases, and the files that cannot be read with the reason', async () => {
    const unreadable = [{ key: 'flat/broken', reason: 'it is not a GGUF file' }];
    const { stdout, stderr } = await models({ models: [nano], aliases: { small: 'latchkey/nano' }, unreadable });
    expect(stdout).toMatch(/latchkey\/nano.*Q8_0.*2048/);
    expect(stdout).toContain('small is latchkey/nano');
    expect(stderr).toMatch(/flat\/broken.*it is not a GGUF file/);
    expect(stderr).not.toContain('no model that');
  });
});
