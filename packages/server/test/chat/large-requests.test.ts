import type { Grant } from '@latchkey/auth-core/llm';
import { ScriptedEngine, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/contracts/chat-request.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { collect } from '../scripted/collect.ts';
import { answered, called } from '../scripted/messages.ts';
import { newCaller, newChat } from './new-chat.ts';

const NEVER = new AbortController().signal;

/** Asks a model with a context of 1,024 tokens; its engine must not hear of what is refused. */
async function ask(changes: Partial<ChatRequest>, grant?: Grant) {
  const engine = new ScriptedEngine(says('Hi'));
  const { chat, auth } = await newChat(engine, {
    schemaExcess: (schema) => (schema === LARGE ? 'it is large' : undefined),
  });
  const answer = async () => collect(await chat(await newCaller(auth, grant), chatRequest(changes), NEVER));
  return { engine, answer };
}

const LARGE = { type: 'object' };
const user = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] }) as const;

describe('a conversation that cannot fit by far', () => {
  it.each<[string, Partial<ChatRequest>]>([
    ['a long text', { messages: [user('x'.repeat(20_000))] }],
    ['a text of few characters and many bytes', { messages: [user('\u{1f98a}'.repeat(5000))] }],
    ['many messages', { messages: Array.from({ length: 1025 }, () => user('')) }],
    ['many small parts', { messages: [{ role: 'user', content: Array(20_000).fill({ type: 'text', text: '' }) }] }],
    ['the description of a tool', { clientTools: [{ name: 'a', description: 'x'.repeat(20_000), parameters: {} }] }],
    ["a tool's schema", { clientTools: [{ name: 'a', parameters: { enum: Array(20_000).fill(1) } }] }],
    ['the names in a schema', { clientTools: [{ name: 'a', parameters: { ['x'.repeat(20_000)]: 1 } }] }],
    ['the schema of the answer', { responseSchema: { const: 'x'.repeat(20_000) } }],
    [
      'the arguments of a call',
      {
        messages: [
          user('Hi'),
          called({ id: 'c', name: 'a', arguments: { deep: [{ text: 'x'.repeat(20_000) }] } }),
          answered('c', 'a', 'ok'),
        ],
      },
    ],
  ])('is refused before it is sent to an engine, and before the model is loaded for it: %s', async (_, changes) => {
    const { engine, answer } = await ask(changes);
    await expect(answer()).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED' });
    expect([engine.requests, engine.loads]).toEqual([[], []]);
  });

  it('is not one that might fit', async () => {
    const { engine, answer } = await ask({ messages: [user('x'.repeat(10_000))] });
    await answer();
    expect(engine.requests).toHaveLength(1);
  });
});

describe('what would take too long to look at', () => {
  it.each<[string, Partial<ChatRequest>, string]>([
    ['many stop strings', { stop: Array.from({ length: 65 }, (_, index) => `${index}`) }, 'stop'],
    ['a long stop string', { stop: ['x'.repeat(1025)] }, 'stop'],
    ['a large schema of the answer', { responseSchema: LARGE }, 'responseSchema'],
    [
      'a large schema of a tool',
      {
        clientTools: [
          { name: 'a', parameters: {} },
          { name: 'b', parameters: LARGE },
        ],
      },
      'tools.1.parameters',
    ],
  ])('is refused by its name: %s', async (_, changes, field) => {
    const { engine, answer } = await ask(changes);
    await expect(answer()).rejects.toMatchObject({ code: 'INVALID_REQUEST', field });
    expect(engine.loads).toEqual([]);
  });
});

describe('more context than the operator configured', () => {
  const grant = (...actions: readonly string[]) => ({ actions, models: ['*'] }) as Grant;

  it.each([
    [1024, ['chat']],
    [1025, ['chat', 'models:load']],
  ])('%d tokens are loaded for %j', async (contextLength, actions) => {
    const { engine, answer } = await ask({ contextLength }, grant(...actions));
    await answer();
    expect(engine.loads).toHaveLength(1);
  });

  it('is not loaded for a token that may only chat', async () => {
    const { engine, answer } = await ask({ contextLength: 1025 }, grant('chat'));
    await expect(answer()).rejects.toMatchObject({ code: 'PERMISSION_DENIED', field: 'contextLength' });
    expect(engine.loads).toEqual([]);
  });
});
