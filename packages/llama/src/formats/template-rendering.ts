import { EngineError } from '@latchkey/engine';
import { CompiledTemplate } from './jinja/compiled-template.ts';
import { refusalOf } from './template-refusal.ts';

/** What a template is rendered with besides the messages. */
export interface TemplateVariables {
  readonly messages: readonly object[];
  readonly tools?: readonly object[];
  readonly enable_thinking?: boolean;
  /** What some families call the same. */
  readonly thinking?: boolean;
  readonly reasoning_effort?: string;
  /** False: nothing opens the model's own turn. */
  readonly add_generation_prompt?: boolean;
}

/** A model's Jinja chat template, as `transformers` would render it. */
export class ChatTemplate {
  readonly source: string;
  readonly #template: CompiledTemplate;
  readonly #tokens: { readonly bos_token: string; readonly eos_token: string };

  /** Throws when the template cannot be parsed. */
  constructor(source: string, tokens: { readonly bos: string; readonly eos: string }) {
    this.source = source;
    this.#template = new CompiledTemplate(source);
    this.#tokens = { bos_token: tokens.bos, eos_token: tokens.eos };
  }

  /**
   * The conversation as the model is to read it, up to where its own turn begins.
   * Throws EngineError `UNSUPPORTED_INPUT` when the template refuses it.
   */
  render(variables: TemplateVariables): string {
    try {
      return this.#template.render({
        ...this.#tokens,
        ...ownNames(variables.tools ?? []),
        add_generation_prompt: true,
        ...variables,
      });
    } catch (cause) {
      throw new EngineError('UNSUPPORTED_INPUT', refusalOf(cause), { cause });
    }
  }
}

/** What some families call the tools and the day. The time is left out: it would change the beginning of every prompt. */
function ownNames(tools: readonly object[]): Readonly<Record<string, unknown>> {
  const functions = tools.map((tool) => ('function' in tool ? tool.function : tool));
  return {
    functions: tools.length === 0 ? '' : JSON.stringify(functions, null, 4),
    datetime: new Intl.DateTimeFormat('en-US', { dateStyle: 'medium' }).format(new Date()),
  };
}
