import type { ChatTemplate, TemplateVariables } from '../template-rendering.ts';

/** Texts that no template contains, so that they can be found in a rendered prompt. */
export const PROBE = {
  user: 'User asks q7',
  again: 'User asks r9',
  said: 'Said thing s3',
  thought: 'Thought thing t4',
  system: 'System rule u5',
  result: 'Result thing w6',
  otherResult: 'Result other x8',
  tool: 'probe_tool_a7',
  otherTool: 'probe_item_b2',
  key: 'wordkey',
  value: 'VALUEc1',
  otherKey: 'countkey',
  number: 40_417,
  id: 'idAbc1234',
  otherId: 'idXyz5678',
} as const;

const parameters = {
  type: 'object',
  properties: {
    [PROBE.key]: { type: 'string', description: 'A word.' },
    [PROBE.otherKey]: { type: 'integer', description: 'A count.' },
  },
  required: [PROBE.key],
};

/** Two tools in the form that templates expect. */
export const PROBE_TOOLS: readonly object[] = [PROBE.tool, PROBE.otherTool].map((name) => ({
  type: 'function',
  function: { name, description: 'Probes.', parameters },
}));

/** The form in which a template accepts an assistant's message with tool calls. */
export interface CallMessageForm {
  readonly argumentsAs: 'object' | 'text';
  /**
   * The content beside calls: with `text` it is shown; with `empty` and `null` calls are only shown without content.
   */
  readonly content: 'text' | 'empty' | 'null';
}

/** The field in which a template accepts a thought. */
export type ThoughtField = 'reasoning_content' | 'reasoning' | 'thinking' | 'chunk';

export const THOUGHT_FIELDS: readonly ThoughtField[] = ['reasoning_content', 'thinking', 'reasoning', 'chunk'];

/** A call of the first tool, or of the second. */
export function probeCall(which: 0 | 1, argumentsAs: CallMessageForm['argumentsAs'] = 'object'): object {
  const callArguments = { [PROBE.key]: PROBE.value, [PROBE.otherKey]: PROBE.number };
  return {
    id: which === 0 ? PROBE.id : PROBE.otherId,
    type: 'function',
    function: {
      name: which === 0 ? PROBE.tool : PROBE.otherTool,
      arguments: argumentsAs === 'object' ? callArguments : JSON.stringify(callArguments),
    },
  };
}

export function probeResult(which: 0 | 1): object {
  return {
    role: 'tool',
    tool_call_id: which === 0 ? PROBE.id : PROBE.otherId,
    name: which === 0 ? PROBE.tool : PROBE.otherTool,
    content: which === 0 ? PROBE.result : PROBE.otherResult,
  };
}

export const probeUser = { role: 'user', content: PROBE.user };

/** An assistant's message with a thought where the template looks for it. */
export function withThought(message: object, field: ThoughtField, thought: string): object {
  if (field !== 'chunk') return { ...message, [field]: thought };
  const content = 'content' in message && typeof message.content === 'string' ? message.content : '';
  const said = content === '' ? [] : [{ type: 'text', text: content }];
  return { ...message, content: [{ type: 'thinking', thinking: thought }, ...said] };
}

/** Renders probes: the text, or an empty text where the template refuses. */
export class Prober {
  readonly #template: ChatTemplate;
  readonly #known = new Map<string, string>();

  constructor(template: ChatTemplate) {
    this.#template = template;
  }

  get source(): string {
    return this.#template.source;
  }

  render(variables: TemplateVariables): string {
    const key = JSON.stringify(variables);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const text = this.#attempt(variables);
    this.#known.set(key, text);
    return text;
  }

  /** The text after the user's message. */
  afterUser(variables: TemplateVariables): string {
    const text = this.render(variables);
    const at = text.lastIndexOf(PROBE.user);
    return at < 0 ? '' : text.slice(at + PROBE.user.length);
  }

  #attempt(variables: TemplateVariables): string {
    try {
      return this.#template.render(variables);
    } catch {
      return '';
    }
  }
}
