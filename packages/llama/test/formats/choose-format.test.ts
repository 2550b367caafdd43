import { describe, expect, it } from 'vitest';
import { chooseFormat } from '../../src/formats/choose-format.ts';
import type { PlainMessage } from '../../src/formats/plain-message.ts';

const CHATML_BODY = `{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}{{- '<|im_start|>assistant\\n' -}}`;

/** The parts of a template of the Qwen kind that a choice depends on. */
const QWEN_LIKE = `{%- if tools -%}{{- '<|im_start|>system\\n<tools>' -}}
{%- for tool in tools -%}{{- '\\n' + tool | tojson -}}{%- endfor -%}{{- '\\n</tools><|im_end|>\\n' -}}{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' + ('user' if message.role == 'tool' else message.role) + '\\n' -}}
{%- if message.role == 'tool' -%}{{- '<tool_response>\\n' + message.content + '\\n</tool_response>' -}}
{%- else -%}{{- message.content -}}{%- endif -%}
{%- for call in message.tool_calls or [] -%}
{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' -}}
{%- endfor -%}{{- '<|im_end|>\\n' -}}{%- endfor -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}`;

const GEMMA_LIKE = `{%- if messages[0].role == 'system' -%}{{- raise_exception('System role not supported') -}}{%- endif -%}
{%- for message in messages -%}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}{{- raise_exception('Roles must alternate') -}}{%- endif -%}
{{- '<start_of_turn>' + message.role + '\\n' + message.content | trim + '<end_of_turn>\\n' -}}
{%- endfor -%}{{- '<start_of_turn>model\\n' -}}`;

function choose(template: string | undefined, hasChatMl = true): ReturnType<typeof chooseFormat> {
  return chooseFormat({ template, bos: '<s>', eos: '</s>', hasChatMl });
}

const user = (text: string): PlainMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const TOOL = { name: 'get_time', description: 'The time.', parameters: { type: 'object', properties: {} } };
const CALL: PlainMessage = {
  role: 'assistant',
  content: '',
  toolCalls: [{ id: 'call_1', name: 'get_time', arguments: { zone: 'UTC' } }],
};
const RESULT: PlainMessage = { role: 'tool', toolCallId: 'call_1', name: 'get_time', content: '12:00' };

describe('a template that writes <tool_call>', () => {
  const { format, traits } = choose(QWEN_LIKE);

  it('is given the tools and the calls', () => {
    expect(traits).toMatchObject({ showsTools: true });
    const prompt = format.render({ messages: [user('Time?'), CALL, RESULT], tools: [TOOL] });
    expect(prompt).toContain('<tools>\n{"type": "function", "function": {"name": "get_time"');
    expect(prompt).toContain('<tool_call>\n{"name": "get_time", "arguments": {"zone": "UTC"}}\n</tool_call>');
    expect(prompt).toContain('<tool_response>\n12:00\n</tool_response>');
  });

  it('reasons as it is told', () => {
    expect(traits.reasoning).toEqual({ allowedOptions: ['off', 'on'], default: 'on' });
    const prompt = (reasoning?: 'off' | 'on'): string =>
      format.render({ messages: [user('Hi')], tools: [], ...(reasoning === undefined ? {} : { reasoning }) });
    expect(prompt('off')).toContain('</think>');
    expect(prompt('on')).not.toContain('</think>');
    expect(prompt()).not.toContain('</think>');
  });
});

describe('a template without tools', () => {
  const { format, traits } = choose(CHATML_BODY);

  it('gets the tools explained in a system message', () => {
    expect(traits).toMatchObject({ showsTools: false });
    const prompt = format.render({
      messages: [{ role: 'system', content: 'Be brief.' }, user('Time?')],
      tools: [TOOL],
    });
    expect(prompt.match(/<\|im_start\|>system/g)).toHaveLength(1);
    expect(prompt).toContain('[TOOL_REQUEST]{"name":"tool_name"');
    expect(prompt).toContain('"name":"get_time"');
    expect(prompt).toContain('Be brief.');
  });

  it('gets calls and results as text', () => {
    const prompt = format.render({ messages: [user('Time?'), CALL, RESULT], tools: [TOOL] });
    expect(prompt).toContain(
      'assistant\n[TOOL_REQUEST]{"name":"get_time","arguments":{"zone":"UTC"}}[END_TOOL_REQUEST]',
    );
    expect(prompt).toContain('user\nResult of the tool get_time:\n12:00');
  });
});

describe('a template without a system role', () => {
  it('gets the system message as the beginning of the user’s, in alternating roles', () => {
    const { format } = choose(GEMMA_LIKE);
    const messages: PlainMessage[] = [{ role: 'system', content: 'Be brief.' }, user('One'), user('Two')];
    expect(format.render({ messages, tools: [] })).toBe(
      '<start_of_turn>user\nBe brief.\n\nOne\n\nTwo<end_of_turn>\n<start_of_turn>model\n',
    );
  });
});

describe('reasoning', () => {
  it('is always on when the prompt opens it', () => {
    const { traits } = choose(`${CHATML_BODY}{{- '<think>\\n' -}}`);
    expect(traits.reasoning).toEqual({ allowedOptions: ['on'], default: 'on' });
  });

  it('has efforts when the template has them', () => {
    const { traits } = choose(`{{- 'Reasoning: ' + (reasoning_effort or 'medium') -}}${CHATML_BODY}`);
    expect(traits.reasoning).toEqual({ allowedOptions: ['low', 'medium', 'high'], default: 'medium' });
  });

  it('is absent otherwise', () => {
    expect(choose(CHATML_BODY).traits).not.toHaveProperty('reasoning');
  });
});

describe('no template', () => {
  it('is ChatML where the vocabulary has it', () => {
    const { format } = choose(undefined);
    expect(format.render({ messages: [user('Hi')], tools: [] })).toBe(
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('is plain text where it has not, and stops where the user’s turn begins', () => {
    const { format } = choose(undefined, false);
    expect(format.render({ messages: [{ role: 'system', content: 'Be brief.' }, user('Hi')], tools: [] })).toBe(
      '<s>Be brief.\n\nUser: Hi\n\nAssistant:',
    );
    expect(format.stop).toEqual(['\nUser:']);
  });

  it('is what a template that can’t be parsed counts as', () => {
    expect(choose('{% if %}').template).toBe(choose(undefined).template);
  });
});

describe('a conversation that the template refuses', () => {
  it('is UNSUPPORTED_INPUT', () => {
    const { format } = choose(
      `${CHATML_BODY}{%- if messages | length > 3 -%}{{- raise_exception('too long') -}}{%- endif -%}`,
    );
    const messages = [user('1'), CALL, user('2'), CALL, user('3')];
    expect(() => format.render({ messages, tools: [] })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_INPUT' }),
    );
  });
});
