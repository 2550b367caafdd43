import type { ChatFormat } from './chat-format.ts';
import { learnTurn } from './syntax/learn-turn.ts';
import { Prober } from './syntax/probes.ts';
import { templateFormat } from './template-format.ts';
import { probeManners } from './template-manners.ts';
import { refusalOf } from './template-refusal.ts';
import { ChatTemplate } from './template-rendering.ts';
import { probeTraits, type TemplateTraits } from './template-traits.ts';

/** The contents of a model file that a format depends on. */
export interface FormatSource {
  /** Absent for a base model, or a file that lacks it. */
  readonly template: string | undefined;
  readonly bos: string;
  readonly eos: string;
  /** Whether the vocabulary has ChatML's tokens. */
  readonly hasChatMl: boolean;
}

/** A model's format and what its template can do. */
export interface ChosenFormat {
  readonly format: ChatFormat;
  /** The rendered Jinja source. */
  readonly template: string;
  readonly traits: TemplateTraits;
}

const CHATML = `{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{{- '<|im_start|>assistant\\n' -}}`;

const PLAIN = `{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role == 'system' -%}{{- message.content + '\\n\\n' -}}
{%- else -%}{{- ('User: ' if message.role == 'user' else 'Assistant: ') + message.content + '\\n\\n' -}}
{%- endif -%}
{%- endfor -%}
{{- 'Assistant:' -}}`;
const PLAIN_TURN_END = '\nUser:';

/** Chooses by what the template does when it is rendered, never by a model's name. */
export function chooseFormat({ template: source, bos, eos, hasChatMl }: FormatSource): ChosenFormat {
  const own = source === undefined ? undefined : parse(source, bos, eos);
  const template = own instanceof ChatTemplate ? own : new ChatTemplate(hasChatMl ? CHATML : PLAIN, { bos, eos });
  const fault = own instanceof ChatTemplate ? faultOf(own) : own;
  const prober = new Prober(template);
  const learned = learnTurn(prober);
  const stop = template.source === PLAIN ? [PLAIN_TURN_END] : [];
  return {
    format: templateFormat(template, { learned, manners: probeManners(prober), stop }),
    template: template.source,
    traits: { ...probeTraits(prober, learned), ...(fault === undefined ? {} : { fault }) },
  };
}

/** The template, or a sentence that says why another one replaces it. */
function parse(source: string, bos: string, eos: string): ChatTemplate | string {
  try {
    return new ChatTemplate(source, { bos, eos });
  } catch (cause) {
    return `${refusalOf(cause)} Another is used in its place.`;
  }
}

/** Why a template does not render the simplest conversation. */
function faultOf(template: ChatTemplate): string | undefined {
  try {
    template.render({ messages: [{ role: 'user', content: 'Hello' }] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
