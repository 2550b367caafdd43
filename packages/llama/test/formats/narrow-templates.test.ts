import type { ChatMessage } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { readBundledTemplates } from './bundled-templates.ts';
import { JudgedTemplate, TOOLS } from './judge-template.ts';

const templates = new Map([...readBundledTemplates()].map(([name, source]) => [name, new JudgedTemplate(source)]));

const user = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const assistant = (text: string): ChatMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
const system = (content: string): ChatMessage => ({ role: 'system', content });
const CALL = { id: 'abcdefgh1', name: 'get_time', arguments: { zone: 'Zuluzone' } };

/** The templates that lose one of the texts. */
function losing(
  texts: readonly string[],
  messages: readonly ChatMessage[],
  tools: readonly (typeof TOOLS)[number][] = [],
): string[] {
  return [...templates].flatMap(([name, template]) =>
    texts.every((text) => template.shows([text], messages, tools)) ? [] : [name],
  );
}

describe('every template takes', () => {
  it('a conversation that begins with the assistant', () => {
    expect(losing(['Welcome here', 'Thanks then'], [assistant('Welcome here'), user('Thanks then')])).toEqual([]);
    const ruled = [system('Rule one'), assistant('Welcome here'), user('Thanks then')];
    expect(losing(['Rule one', 'Welcome here', 'Thanks then'], ruled)).toEqual([]);
  });

  it('a conversation without a user', () => {
    expect(losing(['Rule one'], [system('Rule one')])).toEqual([]);
    expect(losing(['Rule one', 'Rule two'], [system('Rule one'), system('Rule two')])).toEqual([]);
  });

  it('two system messages at the beginning', () => {
    expect(losing(['Rule one', 'Rule two', 'Ask'], [system('Rule one'), system('Rule two'), user('Ask')])).toEqual([]);
  });

  it('a system message at the end', () => {
    expect(losing(['Ask', 'Rule two'], [user('Ask'), system('Rule two')])).toEqual([]);
  });

  it('a system message behind a tool’s result', () => {
    const messages: ChatMessage[] = [
      system('Rule one'),
      user('Ask'),
      { role: 'assistant', content: [{ type: 'tool_call', ...CALL }] },
      { role: 'tool', toolCallId: CALL.id, name: CALL.name, content: [{ type: 'text', text: 'Noon' }] },
      system('Rule two'),
    ];
    expect(losing(['Rule one', 'Ask', 'Zuluzone', 'Noon', 'Rule two'], messages, TOOLS)).toEqual([]);
  });

  it('two messages of the user, or of the assistant, in a row', () => {
    const messages = [user('Ask'), user('Again'), assistant('Said'), assistant('Also'), user('Last')];
    expect(losing(['Ask', 'Again', 'Said', 'Also', 'Last'], messages)).toEqual([]);
  });

  it('text parts', () => {
    const parts: ChatMessage = {
      role: 'user',
      content: [
        { type: 'text', text: 'One part' },
        { type: 'text', text: 'Two part' },
      ],
    };
    expect(losing(['One part', 'Two part'], [parts])).toEqual([]);
  });

  it('a tool call whose result is missing, and one in a conversation without tools', () => {
    const messages: ChatMessage[] = [
      user('Ask'),
      { role: 'assistant', content: [{ type: 'tool_call', ...CALL }] },
      user('And now'),
    ];
    expect(losing(['Ask', 'Zuluzone', 'And now'], messages, TOOLS)).toEqual([]);
    expect(losing(['Ask', 'And now'], messages)).toEqual([]);
  });

  it('an answer that is begun: it is the end of the prompt, and no thought is open', () => {
    const messages = [user('Ask'), assistant('The answer is')];
    const others = [...templates].filter(([, template]) => !template.prompt(messages).endsWith('The answer is'));
    expect(others.map(([name]) => name)).toEqual([]);
  });
});

describe('a thought in an earlier answer', () => {
  const messages = (close: string, open: string): ChatMessage[] => [
    user('Ask'),
    assistant(`${open}\nOld idea\n${close}\n\nOld answer`),
    user('Again'),
  ];

  it('is given to the template as a thought: the answer stays, the markers are nobody’s text', () => {
    const wrong = [...templates].filter(([, template]) => {
      const { open, close } = template.chosen.format.syntax.reasoning;
      const prompt = template.prompt(messages(close, open));
      return (
        !prompt.includes('Old answer') ||
        prompt.includes(`${open}\nOld idea\n${close}\n\nOld answer`) !== keeps(template)
      );
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  it('is dropped by those that drop old thoughts', () => {
    for (const name of ['Qwen-Qwen3-0.6B', 'Qwen-QwQ-32B', 'deepseek-ai-DeepSeek-R1-Distill-Llama-8B', 'GLM-4.6']) {
      expect({ name, kept: templates.get(name)?.prompt(messages('</think>', '<think>')).includes('Old idea') }).toEqual(
        {
          name,
          kept: false,
        },
      );
    }
  });
});

/** Whether a template shows an old thought that it is given as one, just as it was written. */
function keeps(template: JudgedTemplate): boolean {
  const { open, close } = template.chosen.format.syntax.reasoning;
  const given: ChatMessage[] = [
    user('Ask'),
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Old idea' },
        { type: 'text', text: 'Old answer' },
      ],
    },
    user('Again'),
  ];
  return template.prompt(given).includes(`${open}\nOld idea\n${close}\n\nOld answer`);
}
