import type { ReasoningEffort } from '@latchkey/engine';
import type { TemplateVariables } from './template-rendering.ts';

/** The template variables that set how much to reason; without them the template uses its default. */
export function reasoningVariables(
  reasoning: ReasoningEffort | undefined,
): Pick<TemplateVariables, 'enable_thinking' | 'thinking' | 'reasoning_effort'> {
  if (reasoning === undefined) return {};
  if (reasoning === 'off') return { enable_thinking: false, thinking: false };
  if (reasoning === 'on') return { enable_thinking: true, thinking: true };
  return { enable_thinking: true, thinking: true, reasoning_effort: reasoning };
}
