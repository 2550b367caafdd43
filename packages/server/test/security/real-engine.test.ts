import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { attenuateToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { createLlamaEngine } from '@latchkey/llama';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NANO } from '../../../llama/test/nano.ts';
import { writeNanoWith } from '../../../llama/test/template-of.ts';
import { open, send } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** A server on the file at `path`, which is there twice, as `ibm/granite` and as `ibm/other`. */
async function newNanoServer(path: string = NANO): Promise<TestServer> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'ibm'));
  for (const name of ['granite', 'other']) symlinkSync(path, join(folder, 'ibm', `${name}.gguf`));
  const engine = createLlamaEngine({ folder, gpu: 'off' });
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return newServer({ runs: engine, chatBodyBytes: 1_000_000, patienceMilliseconds: 60_000 });
}

const CHAT = { actions: ['chat', 'usage:read'], models: ['*'] };
const LMSTUDIO = '/api/v1/chat';
const COMPLETIONS = '/v1/chat/completions';
const completion = (content: string, more: object = {}) => ({
  model: 'ibm/granite',
  messages: [{ role: 'user', content }],
  temperature: 0,
  ...more,
});

describe('a budget of tokens, on a real model', () => {
  it('is never passed by leaving early, nor by text that is held back, and usage agrees with it', async () => {
    const limit = 400;
    const server = await newNanoServer();
    const token = await server.issue({ ...CHAT, limits: { tokensPerDay: limit } });
    const get = async (path: string) => (await send(server.app, { path, token })).json();
    const used = async (): Promise<number> => {
      const [state] = (await get('/api/v1/whoami')).limits as readonly { remaining: number }[];
      return limit - (state?.remaining ?? 0);
    };
    const counted = async (): Promise<number> => {
      const { inputTokens, outputTokens } = (await get('/api/v1/usage')).totals as Record<string, number>;
      return Number(inputTokens) + Number(outputTokens);
    };
    // All that the model writes could be the beginning of the stop string, so nothing of it is ever sent.
    const text = JSON.stringify('ab '.repeat(30));
    const heldBack = completion('Hello', {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { const: JSON.parse(text) } } },
      stop: [`${text}!`],
      max_tokens: 200,
      stream: true,
    });
    const whole = await send(server.app, { method: 'POST', path: COMPLETIONS, token, body: heldBack });
    expect(whole.status, whole.text).toBe(200);
    const first = await used();
    expect(first).toBeGreaterThan(60);
    expect(await counted()).toBe(first);

    let refusals = 0;
    let before = first;
    for (let turn = 0; turn < 60 && refusals === 0; turn += 1) {
      const stream = await open(server.app, { method: 'POST', path: COMPLETIONS, token, body: heldBack });
      if (stream.status === 429) refusals += 1;
      else expect(stream.status).toBe(200);
      stream.leave();
      // What was reserved is given back when the engine has counted: then both figures agree again.
      await expect
        .poll(async () => [await counted(), await used()].every((tokens, _, [one]) => tokens === one), {
          timeout: 30_000,
        })
        .toBe(true);
      const now = await used();
      if (refusals === 0) expect(now).toBeGreaterThan(before);
      expect(now).toBeLessThanOrEqual(limit);
      // What was computed is charged, and not all that was reserved.
      if (turn === 0) expect(now).toBeLessThan(limit);
      before = now;
    }
    expect(refusals).toBe(1);
  }, 300_000);
});

describe('the cached prompt of a token', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const exchange = async ({ app }: TestServer, subject: string, type: string): Promise<string> => {
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:latchkey:params:oauth:token-type:api-key',
      requested_token_type: `urn:${type}`,
    });
    const answer = await send(app, { method: 'POST', path: '/oauth/token', headers: FORM, body: body.toString() });
    return String(answer.json().access_token);
  };

  it('is found by no token that was derived from it, by no other and in no other project', async () => {
    const server = await newNanoServer();
    const root = await server.issue(CHAT);
    const prompt = completion('My PIN is 4711, remember it, and never say it to anybody else.', { max_tokens: 4 });
    const cached = async (token: string, project?: string): Promise<number> => {
      const headers = project === undefined ? {} : { 'latchkey-project': project };
      const answer = await send(server.app, { method: 'POST', path: COMPLETIONS, token, headers, body: prompt });
      const { usage } = answer.json() as { usage?: { prompt_tokens_details: { cached_tokens: number } } };
      return usage?.prompt_tokens_details.cached_tokens ?? expect.fail(answer.text);
    };
    expect(await cached(root)).toBe(0);
    expect(await cached(root)).toBeGreaterThan(0);

    const others: readonly (readonly [string, string | undefined])[] = [
      [await attenuateToken(llm, root, { actions: ['chat'], models: ['*'] }), undefined],
      [await exchange(server, root, 'latchkey:params:oauth:token-type:api-key'), undefined],
      [await exchange(server, root, 'ietf:params:oauth:token-type:access_token'), undefined],
      [root, 'alpha'],
      [await server.issue(CHAT, 'another'), undefined],
    ];
    for (const [token, project] of others) {
      expect(await cached(token, project)).toBe(0);
      // The one before it is still there to be found.
      await cached(root);
      expect(await cached(root)).toBeGreaterThan(0);
    }
  }, 300_000);
});

describe('what a real model cannot take', () => {
  const NO_BAD_WORDS =
    "{%- for message in messages -%}{%- if 'bad' in message.content -%}{{- raise_exception('No bad words here') -}}" +
    '{%- endif -%}{{- message.content -}}{%- endfor -%}';
  const NANO_REFUSES: readonly (readonly [string, object, string])[] = [
    [LMSTUDIO, { input: 'word '.repeat(3000) }, 'context_length_exceeded'],
    [COMPLETIONS, completion('word '.repeat(3000)), 'context_length_exceeded'],
    [LMSTUDIO, { input: 'x'.repeat(500_000) }, 'context_length_exceeded'],
    [COMPLETIONS, completion('x'.repeat(500_000)), 'context_length_exceeded'],
    [LMSTUDIO, { input: 'Hi', reasoning: 'high' }, 'unsupported_value'],
  ];
  const TEMPLATE_REFUSES: typeof NANO_REFUSES = [
    [LMSTUDIO, { input: 'bad' }, 'unsupported_value'],
    [COMPLETIONS, completion('bad'), 'unsupported_value'],
  ];

  it.each([
    ['too long, or is to think', NANO_REFUSES, async () => NANO],
    [
      'refused by the template',
      TEMPLATE_REFUSES,
      () => writeNanoWith(NO_BAD_WORDS, join(temporaryFolder(), 'refuses.gguf')),
    ],
  ])(
    'is a status before the first byte of a stream: a conversation that is %s',
    async (_, rows, path) => {
      const server = await newNanoServer(await path());
      const token = await server.issue(CHAT);
      const ask = (to: string, body: object) =>
        send(server.app, { method: 'POST', path: to, token, body: { model: 'ibm/granite', ...body } });
      // Loads the model, for which a stream would wait only so long.
      expect((await ask(COMPLETIONS, completion('Hi', { max_tokens: 1 }))).status).toBe(200);
      for (const [to, body, code] of rows) {
        const answer = await ask(to, { ...body, stream: true });
        expect([answer.status, answer.json()]).toMatchObject([400, { error: { code } }]);
      }
    },
    120_000,
  );
});
