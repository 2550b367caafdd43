import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedModel } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModels } from '../src/describe-models.ts';
import { asking, collect, DOCUMENTATION_TOOLS, finishOf, loadNano, messageOf, NANO, NEVER, newEngine } from './nano.ts';
import { writeNanoWith } from './template-of.ts';

const engine = newEngine();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-templates-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Nano with its template changed; the file's lengths must stay as they are. */
async function nanoWith(name: string, from: string, to: string): Promise<string> {
  expect(to).toHaveLength(from.length);
  const bytes = (await readFile(NANO)).toString('latin1');
  const at = bytes.lastIndexOf(from);
  expect(at).toBeGreaterThan(0);
  const path = join(folder, name);
  await writeFile(path, Buffer.from(bytes.slice(0, at) + to + bytes.slice(at + from.length), 'latin1'));
  return path;
}

describe('a template that shows no tools', () => {
  let model: LoadedModel;
  let path: string;
  beforeAll(async () => {
    path = await nanoWith('no-tools.gguf', '{%- if tools -%}', '{%- if toolz -%}');
    model = await loadNano(engine, { path });
  });

  it('is described as not trained for tools', async () => {
    expect(await describeModels([path], NEVER)).toMatchObject([{ capabilities: { trainedForToolUse: false } }]);
  });

  it('still makes calls when they are required, and the turn ends with them', async () => {
    const request = asking('Hello', { tools: DOCUMENTATION_TOOLS, toolChoice: 'required', maxOutputTokens: 400 });
    const events = await collect(model.generate(request, NEVER));
    expect(events.filter((event) => event.type === 'tool_call.end').length).toBeGreaterThan(0);
    expect(messageOf(events)).toBe('');
    expect(finishOf(events).usage.promptTokens).toBeGreaterThan(100);
  });
});

describe('a template that opens a block of reasoning', () => {
  let model: LoadedModel;
  let path: string;
  beforeAll(async () => {
    const prompt = "{{- '<|im_start|>assistant\\n' -}}\n{%- endif -%}";
    path = await nanoWith('reasoning.gguf', prompt, prompt.replace('assistant\\n', '\\n<think>\\n'));
    model = await loadNano(engine, { path });
  });

  it('is described with its one setting', async () => {
    expect(await describeModels([path], NEVER)).toMatchObject([
      { capabilities: { reasoning: { allowedOptions: ['on'], default: 'on' } } },
    ]);
  });

  it('has what comes before the end of the block as reasoning', async () => {
    const events = await collect(model.generate(asking('Hello', { reasoning: 'on', maxOutputTokens: 20 }), NEVER));
    expect(events.some((event) => event.type === 'reasoning.delta')).toBe(true);
    expect(messageOf(events)).toBe('');
    const { usage } = finishOf(events);
    expect(usage.reasoningTokens).toBe(usage.outputTokens);
  });

  it('refuses a setting that it does not have', async () => {
    const events = collect(model.generate(asking('Hello', { reasoning: 'off' }), NEVER));
    await expect(events).rejects.toMatchObject({ code: 'UNSUPPORTED_REASONING' });
  });

  it('does not end its turn in the block when something is wanted behind it', async () => {
    const wanted = {
      responseSchema: {
        type: 'object',
        properties: { a: { type: 'integer' } },
        required: ['a'],
        additionalProperties: false,
      },
    };
    for (const text of ['Hello', 'Who are you?', 'What is 2 plus 2?']) {
      const request = asking(text, { reasoning: 'on', maxOutputTokens: 120, ...wanted });
      const events = await collect(model.generate(request, NEVER));
      if (finishOf(events).reason === 'length') continue;
      expect(JSON.parse(messageOf(events))).toEqual({ a: expect.any(Number) });
    }
  });

  it('goes on with an answer that is begun, behind the block', async () => {
    const request = asking('Hello', { maxOutputTokens: 20 });
    const begun = {
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant' as const, content: [{ type: 'text' as const, text: 'The capital of' }] },
      ],
    };
    const events = await collect(model.generate(begun, NEVER));
    expect(events.some((event) => event.type === 'reasoning.delta')).toBe(false);
    expect(finishOf(events).usage.promptTokens).toBeGreaterThan(await model.countPrompt(request, NEVER));
    const held = model.generate({ ...begun, responseSchema: {} }, NEVER);
    await expect(collect(held)).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'messages' });
  });
});

describe('a template that fails', () => {
  it('is described with the line and the reason', async () => {
    const path = await writeNanoWith(
      '{%- for message in messages -%}\n{{- message.shout() -}}{%- endfor -%}',
      join(folder, 'fails.gguf'),
    );
    const [description] = await describeModels([path], NEVER);
    expect(description).toMatchObject({ templateFault: expect.stringContaining('fails at line 2: ') });
  });
});
