import { Template } from '@huggingface/jinja';
import { EngineError } from '@latchkey/engine';
import { refusalOf } from './template-refusal.ts';

/** What a template is rendered with besides the messages. */
export interface TemplateVariables {
  readonly messages: readonly object[];
  readonly tools?: readonly object[];
  readonly enable_thinking?: boolean;
  readonly reasoning_effort?: string;
}

/** A model's Jinja chat template, as `transformers` would render it. */
export class ChatTemplate {
  readonly source: string;
  readonly #template: Template;
  readonly #tokens: { readonly bos_token: string; readonly eos_token: string };

  /** Throws when the template can't be parsed. */
  constructor(source: string, tokens: { readonly bos: string; readonly eos: string }) {
    this.source = source;
    this.#template = new Template(source);
    this.#tokens = { bos_token: tokens.bos, eos_token: tokens.eos };
  }

  /**
   * The conversation as the model is to read it, up to where its own turn begins.
   * Throws EngineError `UNSUPPORTED_INPUT` when the template refuses it.
   */
  render(variables: TemplateVariables): string {
    try {
      return this.#template.render({ ...this.#tokens, ...variables, add_generation_prompt: true });
    } catch (cause) {
      throw new EngineError('UNSUPPORTED_INPUT', refusalOf(cause), { cause });
    }
  }
}
