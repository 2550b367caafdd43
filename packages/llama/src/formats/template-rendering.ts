import { EngineError } from '@latchkey/engine';
import { CompiledTemplate } from './jinja/compiled-template.ts';
import { refusalOf } from './template-refusal.ts';

/** The variables of a template. */
export interface TemplateVariables {
  readonly messages: readonly object[];
  readonly tools?: readonly object[];
  readonly enable_thinking?: boolean;
  /** The name of `enable_thinking` in some families. */
  readonly thinking?: boolean;
  readonly reasoning_effort?: string;
  /** False: the model's turn is not opened. */
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
   * The conversation as the prompt for the model, up to where its own turn begins.
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

/**
 * Names of some families for the tools and the date. The time is left out: it would change the start of every prompt.
 */
function ownNames(tools: readonly object[]): Readonly<Record<string, unknown>> {
  const functions = tools.map((tool) => ('function' in tool ? tool.function : tool));
  return {
    functions: tools.length === 0 ? '' : JSON.stringify(functions, null, 4),
    datetime: new Intl.DateTimeFormat('en-US', { dateStyle: 'medium' }).format(new Date()),
  };
}
