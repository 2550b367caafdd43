import type { ReasoningEffort } from '@latchkey/engine';
import type { ChatTemplate, TemplateVariables } from './template-rendering.ts';

/** What a template can do, found by rendering it: what a template's text mentions says little. */
export interface TemplateTraits {
  /** It shows tools to the model. */
  readonly showsTools: boolean;
  /** It writes tool calls as `<tool_call>{"name": …, "arguments": …}</tool_call>`. */
  readonly writesCallTags: boolean;
  /** It takes a system message. */
  readonly takesSystem: boolean;
  /** Absent: the model does not reason. */
  readonly reasoning?: { readonly allowedOptions: readonly ReasoningEffort[]; readonly default: ReasoningEffort };
}

const NAME = 'probe_tool_a7';
const TEXT = 'probe text b8';
const USER = { role: 'user', content: 'Hello' };
const TOOL = {
  type: 'function',
  function: {
    name: NAME,
    description: 'Probes.',
    parameters: { type: 'object', properties: { word: { type: 'string', description: 'A word.' } } },
  },
};
const CALL = { id: 'call_123456', type: 'function', function: { name: NAME, arguments: { word: TEXT } } };
const CALL_TAG = new RegExp(
  `<tool_call>\\s*\\{\\s*"name":\\s*"${NAME}",\\s*"arguments":\\s*\\{\\s*"word":\\s*"${TEXT}"\\s*\\}\\s*\\}\\s*</tool_call>`,
);

/** True when the prompt ends inside a block of reasoning that the model has to close. */
export function opensReasoning(prompt: string): boolean {
  return prompt.trimEnd().endsWith('<think>');
}

/** Finds out what a template can do. */
export function probeTemplate(template: ChatTemplate): TemplateTraits {
  const render = (variables: TemplateVariables): string => {
    try {
      return template.render(variables);
    } catch {
      return '';
    }
  };
  const called = [USER, { role: 'assistant', content: '', tool_calls: [CALL] }];
  const answered = [...called, { role: 'tool', content: 'yes', name: NAME, tool_call_id: CALL.id }];
  const reasoning = probeReasoning(render);
  return {
    showsTools: render({ messages: [USER], tools: [TOOL] }).includes(NAME),
    writesCallTags: CALL_TAG.test(render({ messages: answered, tools: [TOOL] })),
    takesSystem: render({ messages: [{ role: 'system', content: TEXT }, USER] }).includes(TEXT),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}

function probeReasoning(render: (variables: TemplateVariables) => string): TemplateTraits['reasoning'] {
  const messages = [USER];
  const usual = render({ messages });
  const off = render({ messages, enable_thinking: false });
  const on = render({ messages, enable_thinking: true });
  if (off !== on) return { allowedOptions: ['off', 'on'], default: usual === off ? 'off' : 'on' };
  if (render({ messages, reasoning_effort: 'low' }) !== render({ messages, reasoning_effort: 'high' })) {
    return { allowedOptions: ['low', 'medium', 'high'], default: 'medium' };
  }
  return opensReasoning(usual) ? { allowedOptions: ['on'], default: 'on' } : undefined;
}
