import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { CHAT, type Json, open } from '../responses-caller.ts';

describe('a stored response', () => {
  it('is read as it was answered, streamed or not', async () => {
    const { post, get, stream } = await open(callsTool('ask_user', { input: 'tea' }), says('Tea it is'));
    const tools = [{ type: 'custom', name: 'ask_user' }];
    const whole = (await post({ tools, metadata: { run: '7' } })).json();
    expect((await get(String(whole.id))).json()).toEqual(whole);
    const last = (await stream({ tools })).at(-1)?.response as Json;
    expect((await get(String(last.id))).json()).toEqual(last);
  });

  it('has the items of its request, in pages', async () => {
    const { post, get } = await open(says('Hi'));
    const input = [
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', content: 'Hello' },
      { type: 'function_call', call_id: 'c1', name: 'ask_user', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'tea' },
    ];
    const { id } = (await post({ input })).json();
    const { data, ...page } = (await get(`${id}/input_items?order=asc`)).json() as { data: Json[] };
    expect(data).toMatchObject([
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be kind.' }] },
      { type: 'message', role: 'user' },
      { type: 'function_call', call_id: 'c1', name: 'ask_user' },
      { type: 'function_call_output', call_id: 'c1', output: 'tea' },
    ]);
    expect(page).toEqual({ object: 'list', first_id: data[0]?.id, last_id: data[3]?.id, has_more: false });
    const next = (await get(`${id}/input_items?limit=1&after=${data[3]?.id}`)).json();
    expect(next).toMatchObject({ data: [{ id: data[2]?.id }], has_more: true });
  });

  it('is read from its messages where it was made in another API', async () => {
    const { ask, get } = await open(says('Hi'));
    const made = await ask({ path: '/api/v1/chat', body: { model: 'small', input: 'Hello' } });
    expect((await get(String(made.json().response_id))).json()).toMatchObject({
      ...{ object: 'response', status: 'completed', model: 'ibm/granite' },
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
    });
  });

  it('gives its items to requests that refer to them, of its caller alone', async () => {
    const { ask, post, issue, prompts } = await open(says('Tea'), says('Yes'));
    const { output } = (await post({})).json() as { output: Json[] };
    const input = [
      { role: 'user', content: 'Hi' },
      { type: 'item_reference', id: output[0]?.id },
      { role: 'user', content: 'Sure?' },
    ];
    expect((await post({ input })).status).toBe(200);
    expect(prompts()[1]?.[1]).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'Tea' }] });
    const stranger = await ask({ token: await issue(CHAT), body: { model: 'small', input } });
    expect([stranger.status, stranger.json()]).toMatchObject([404, { error: { code: 'not_found', param: 'input' } }]);
  });

  it('gives no more to a request than a body may have', async () => {
    const { post, engine } = await open(says('x'.repeat(50_000)));
    const { output } = (await post({})).json() as { output: Json[] };
    const input = Array.from({ length: 200 }, () => ({ id: output[0]?.id }));
    const refused = await post({ input });
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'input' } }]);
    expect(refused.text).toContain('refers to more than');
    expect(engine.requests).toHaveLength(1);
  });

  it('is read and deleted by its own caller alone', async () => {
    const { ask, post, get, issue } = await open(says('Hi'));
    const { id } = (await post({})).json();
    const stranger = { token: await issue(CHAT), path: `/v1/responses/${id}` };
    for (const method of ['GET', 'DELETE']) expect((await ask({ ...stranger, method })).status).toBe(404);
    const deleted = await ask({ method: 'DELETE', path: `/v1/responses/${id}` });
    expect([deleted.status, deleted.json()]).toEqual([200, { id, object: 'response', deleted: true }]);
    expect((await get(String(id))).status).toBe(404);
  });
});

describe('POST /v1/responses/input_tokens', () => {
  it('counts the prompt, and generates nothing', async () => {
    const { ask, engine } = await open();
    const answer = await ask({ path: '/v1/responses/input_tokens', body: { model: 'small', input: 'Hi' } });
    expect(answer.json()).toEqual({ object: 'response.input_tokens', input_tokens: expect.any(Number) });
    expect(engine.requests).toEqual([]);
  });
});

describe('GET /v1/models?client_version', () => {
  it('is the catalog that Codex reads, of the models that the caller may use', async () => {
    const { ask } = await open();
    const answer = (await ask({ method: 'GET', path: '/v1/models?client_version=0.171.0' })).json();
    const { models } = answer as { models: Json[] };
    expect(models.map(({ slug }) => slug)).toEqual(expect.arrayContaining(['ibm/granite', 'small']));
    for (const model of models) {
      expect(model).toMatchObject({
        ...{
          shell_type: 'unified_exec',
          visibility: 'list',
          supported_in_api: true,
          context_window: expect.any(Number),
        },
        ...{ input_modalities: expect.arrayContaining(['text']), supported_reasoning_levels: expect.any(Array) },
        ...{ base_instructions: expect.any(String), truncation_policy: { mode: 'tokens', limit: expect.any(Number) } },
      });
    }
  });
});
