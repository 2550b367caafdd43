import type { GenerateRequest } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import { type TurnGrammarTexts, turnGrammars } from '../grammar/turn-grammars.ts';
import type { ChosenFormat } from './choose-format.ts';
import { cutForTokenizer, type PromptPiece } from './prompt-pieces.ts';
import { makeSafe } from './prompt-tokens.ts';
import type { SpecialTexts } from './special-texts.ts';
import { opensReasoning } from './template-traits.ts';

/** A prompt before it is tokenised, and what the answer has to look like. */
export interface PromptText {
  readonly pieces: readonly PromptPiece[];
  /** It ends inside a block of reasoning. */
  readonly reasoningOpen: boolean;
  /** The opening marker of a tool call follows it, since the model has to call one. */
  readonly callOpen: boolean;
  readonly grammars: TurnGrammarTexts;
}

/** What a prompt is made from. */
export type PromptSource = Pick<GenerateRequest, 'messages' | 'tools' | 'toolChoice' | 'reasoning' | 'responseSchema'>;

/**
 * Renders a conversation. Runs a stranger's template over a stranger's text, so it may take for ever: call it where it
 * can be ended. Throws EngineError `UNSUPPORTED_REASONING`, `UNSUPPORTED_INPUT` (an image, a conversation that the
 * template refuses), `INVALID_REQUEST` (a schema that is too large).
 */
export function writePrompt(
  { format, template, traits }: ChosenFormat,
  specials: SpecialTexts,
  request: PromptSource,
): PromptText {
  const { messages, reasoning, toolChoice, responseSchema } = request;
  const tools = shownTools(request);
  if (reasoning !== undefined && !(traits.reasoning?.allowedOptions.includes(reasoning) ?? false)) {
    const allowed = traits.reasoning?.allowedOptions.join(', ') ?? 'none';
    throw new EngineError(
      'UNSUPPORTED_REASONING',
      `The model has no reasoning setting "${reasoning}"; it has: ${allowed}.`,
      { field: 'reasoning' },
    );
  }
  const mustCall = toolChoice !== 'auto' && tools.length > 0;
  const safe = makeSafe({ messages, tools, ...(reasoning === undefined ? {} : { reasoning }) }, template, specials);
  const rendered = format.render(safe.conversation);
  const reasoningOpen = opensReasoning(rendered);
  return {
    pieces: cutForTokenizer(rendered.split(safe.mark), specials),
    reasoningOpen,
    callOpen: mustCall && !reasoningOpen,
    grammars: turnGrammars({
      tools,
      calls: format.calls,
      mustCall,
      mayReason: !reasoningOpen && traits.reasoning !== undefined && reasoning !== 'off',
      ...(responseSchema === undefined ? {} : { responseSchema }),
    }),
  };
}

/** The tools that the model is told about. */
function shownTools({ tools, toolChoice }: PromptSource): GenerateRequest['tools'] {
  if (toolChoice === 'none') return [];
  return typeof toolChoice === 'object' ? tools.filter((tool) => tool.name === toolChoice.name) : tools;
}
