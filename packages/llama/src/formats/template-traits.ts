import type { ReasoningEffort } from '@latchkey/engine';
import type { LearnedTurn } from './syntax/learn-turn.ts';
import { type Prober, probeUser } from './syntax/probes.ts';
import type { TurnSyntax } from './syntax/turn-syntax.ts';
import { openingOf } from './turn-opening.ts';

/** What a template supports, found by rendering it: the words in its source are not reliable. */
export interface TemplateTraits {
  /** Whether it shows tools to the model. */
  readonly showsTools: boolean;
  /** Why it cannot be rendered, in a sentence. */
  readonly fault?: string;
  /** Absent: the model does not reason. */
  readonly reasoning?: { readonly allowedOptions: readonly ReasoningEffort[]; readonly default: ReasoningEffort };
}

/** Whether the prompt ends inside a block of reasoning that the model has to close. */
export function opensReasoning(prompt: string, syntax: TurnSyntax): boolean {
  const opening = openingOf(prompt, syntax);
  return opening.lastIndexOf(syntax.reasoning.open) > opening.lastIndexOf(syntax.reasoning.close);
}

/** Finds out what a template supports. */
export function probeTraits(prober: Prober, learned: LearnedTurn): TemplateTraits {
  const reasoning = probeReasoning(prober, learned);
  return { showsTools: learned.showsTools, ...(reasoning === undefined ? {} : { reasoning }) };
}

function probeReasoning(prober: Prober, { syntax, thoughtField }: LearnedTurn): TemplateTraits['reasoning'] {
  const messages = [probeUser];
  const usual = prober.render({ messages });
  const off = prober.render({ messages, enable_thinking: false, thinking: false });
  const on = prober.render({ messages, enable_thinking: true, thinking: true });
  if (off !== on) return { allowedOptions: ['off', 'on'], default: usual === off ? 'off' : 'on' };
  const low = prober.render({ messages, reasoning_effort: 'low' });
  if (low !== prober.render({ messages, reasoning_effort: 'high' })) {
    return { allowedOptions: ['low', 'medium', 'high'], default: 'medium' };
  }
  const always = opensReasoning(usual, syntax) || thoughtField !== undefined;
  return always ? { allowedOptions: ['on'], default: 'on' } : undefined;
}
