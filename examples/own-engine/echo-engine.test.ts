import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, defineConfig } from '@latchkey/server';
import { engineContract } from '@latchkey/server/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEchoEngine } from './echo-engine.ts';

describe('an engine in one file', () => {
  it.each(
    engineContract(async () => {
      const engine = createEchoEngine();
      return { engine, key: 'example/echo', [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
    }),
  )('$name', ({ run }) => run());

  it('is served beside the models of the folder, under the same tokens', async () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-own-engine-'));
    onTestFinished(() => rmSync(data, { recursive: true }));
    const config = defineConfig({ data, models: join(data, 'models'), port: 0, log: 'silent' });
    await using server = await createServer(config, { engines: [createEchoEngine()] });
    const { auth, url } = server;
    const ask = async (models: readonly string[]) => {
      const { token } = await auth.issue({ name: 'caller', grant: { actions: ['chat'], models } }, auth.operator());
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'example/echo', messages: [{ role: 'user', content: 'Who is there?' }] }),
      });
      return { status: response.status, body: (await response.json()) as object };
    };
    expect(await ask(['example/*'])).toMatchObject({
      status: 200,
      body: { choices: [{ message: { content: 'Who is there?' }, finish_reason: 'stop' }] },
    });
    expect(await ask(['other/*'])).toMatchObject({ status: 403 });
  });
});
