import type { Grant } from '@latchkey/auth-core/llm';
import type { GenerateRequest } from '@latchkey/engine';
import { callsTool, ScriptedEngine, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { ChatServiceOptions } from '../../src/chat/prepare-chat.ts';
import type { ChatRequest } from '../../src/contracts/chat-request.ts';
import type { UsageRecord } from '../../src/contracts/usage-record.ts';
import { createPriceList } from '../../src/prices/price-list.ts';
import { newCaller, newChat } from '../chat/new-chat.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { collect } from '../scripted/collect.ts';
import { ran, ScriptedToolset } from '../scripted/scripted-toolset.ts';

const TOOLS = ['read_file', 'write_file', 'send_mail', 'get_weather'];
const newTools = (...names: readonly string[]) =>
  new ScriptedToolset(Object.fromEntries([...TOOLS, ...names].map((name) => [name, ran(name, `${name} says`)])));
const CALLER: Grant = { actions: ['chat'], models: ['*'] };

interface Asked {
  readonly request?: Partial<ChatRequest>;
  readonly grant?: Grant;
  readonly options?: Partial<ChatServiceOptions>;
  readonly toolset?: ScriptedToolset;
}

async function ask(
  turns: ConstructorParameters<typeof ScriptedEngine>,
  { request = { toolSearch: true }, grant = CALLER, options = {}, toolset = newTools() }: Asked = {},
) {
  const engine = new ScriptedEngine(...turns);
  const test = await newChat(engine, options, toolset);
  const events = await collect(
    await test.chat(await newCaller(test.auth, grant), chatRequest(request), new AbortController().signal),
  );
  return { events, toolset, shown: engine.requests.map(namesOf), requests: engine.requests };
}

const namesOf = ({ tools }: GenerateRequest): readonly string[] => tools.map(({ name }) => name);

describe('a chat with a search for tools', () => {
  it('shows the search alone, and from the next round on what it has found', async () => {
    const turns = [callsTool('find_tools', { query: 'mail' }), callsTool('send_mail', { to: 'Mei' }), says('Sent.')];
    const { events, shown, toolset, requests } = await ask(turns);
    expect(shown).toEqual([['find_tools'], ['find_tools', 'send_mail'], ['find_tools', 'send_mail']]);
    expect(toolset.calls).toEqual([{ name: 'send_mail', arguments: { to: 'Mei' } }]);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'tool_call.success',
        tool: 'find_tools',
        origin: { type: 'plugin', pluginId: 'latchkey/tool-search' },
        isError: false,
      }),
    );
    expect(requests[0]?.tools[0]?.description).toContain('mcp/desk (4): read_file, write_file');
  });

  it('finds nothing that the toolset lacks, and calls nothing by a name that was made up', async () => {
    const turns = [
      callsTool('find_tools', { query: 'delete everything' }),
      callsTool('delete_everything', {}),
      says('No.'),
    ];
    const { shown, events } = await ask(turns);
    expect(shown.at(-1)).toEqual(['find_tools']);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'tool_call.failure',
        invalid: { type: 'invalid_name', toolName: 'delete_everything' },
      }),
    );
  });

  it.each([
    [{}, 'query'],
    [{ query: ' ' }, 'query'],
    [{ query: 'mail', limit: 0 }, 'limit'],
    [{ query: 'mail', limit: 'all' }, 'limit'],
  ])('says what is wrong with the arguments %j', async (args, named) => {
    const { events } = await ask([callsTool('find_tools', args), says('Hm.')]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'tool_call.failure', reason: expect.stringContaining(`"${named}"`) }),
    );
  });

  it('finds as many as were asked for', async () => {
    const { shown } = await ask([callsTool('find_tools', { query: 'file', limit: 1 }), says('One.')]);
    expect(shown[1]).toEqual(['find_tools', 'read_file']);
  });

  it('keeps in view what the conversation has called, and what the request wants called', async () => {
    const call = { type: 'tool_call' as const, id: 'call_0', name: 'get_weather', arguments: {} };
    const { shown } = await ask([says('Sunny.')], {
      request: {
        toolSearch: true,
        toolChoice: { name: 'read_file' },
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
          { role: 'assistant', content: [call] },
          { role: 'tool', toolCallId: 'call_0', name: 'get_weather', content: [{ type: 'text', text: 'sun' }] },
          { role: 'user', content: [{ type: 'text', text: 'And now?' }] },
        ],
      },
    });
    expect(shown).toEqual([['find_tools', 'get_weather', 'read_file']]);
  });

  it('takes another name where its own is taken, by a tool or by the caller', async () => {
    const { shown } = await ask([says('Hi')], {
      toolset: newTools('find_tools'),
      request: { toolSearch: true, clientTools: [{ name: 'find_tools_2', parameters: { type: 'object' } }] },
    });
    expect(shown).toEqual([['find_tools_3', 'find_tools_2']]);
  });

  it('lists all tools to a caller that wants the list', async () => {
    const { events } = await ask([says('Hi')], { request: { toolSearch: true, listsTools: true } });
    const listed = events.find(({ type }) => type === 'tools.listed');
    expect(listed).toMatchObject({ tools: [{ tools: TOOLS.map((name) => ({ name })) }] });
  });

  it('costs nothing and counts as no call of a tool', async () => {
    const used: UsageRecord[] = [];
    const prices = createPriceList({ prices: { currency: 'EUR', models: {}, tools: { '*': { '*': 1000 } } } } as never);
    const turns = [callsTool('find_tools', { query: 'mail' }), callsTool('send_mail'), says('Sent.')];
    const { shown } = await ask(turns, {
      options: { ...(prices && { prices }), recordUsage: (record) => void used.push(record) },
    });
    expect(shown[1]).toEqual(['find_tools', 'send_mail']);
    expect(used.reduce((sum, { toolCalls }) => sum + toolCalls, 0)).toBe(1);
    expect(used.reduce((sum, { cost }) => sum + cost, 0)).toBe(1000);
  });
});

describe('whether a chat has a search', () => {
  const limited = (toolSearchAbove: number): Grant => ({ ...CALLER, limits: { toolSearchAbove } });
  it.each<[string, Asked, boolean]>([
    ['nobody asks for it', { request: {} }, false],
    ['the request asks for it', { request: { toolSearch: true } }, true],
    ['the server has it from fewer tools on', { request: {}, options: { toolSearchAbove: 3 } }, true],
    ['the server has it from more tools on', { request: {}, options: { toolSearchAbove: 4 } }, false],
    ['the request does without that', { request: { toolSearch: false }, options: { toolSearchAbove: 3 } }, false],
    ['the grant has it from fewer tools on', { request: {}, grant: limited(3) }, true],
    ['the request would do without that of the grant', { request: { toolSearch: false }, grant: limited(3) }, true],
    [
      'the grant allows more than the server shows',
      { request: {}, grant: limited(9), options: { toolSearchAbove: 3 } },
      true,
    ],
    ['there are no tools', { request: { toolSearch: true }, toolset: new ScriptedToolset() }, false],
  ])('is decided where %s', async (_, asked, searches) => {
    const { shown } = await ask([says('Hi')], asked);
    expect(shown[0]?.includes('find_tools')).toBe(searches);
  });
});
