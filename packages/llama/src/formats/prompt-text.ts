import type { GenerateRequest } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import { forcedOpening, type TurnGrammarTexts, turnGrammars } from '../grammar/turn-grammars.ts';
import { splitThoughts } from './adapt-messages.ts';
import type { Conversation } from './chat-format.ts';
import type { ChosenFormat } from './choose-format.ts';
import { toPlainMessages } from './plain-message.ts';
import { cutForTokenizer, type PromptPiece } from './prompt-pieces.ts';
import { makeSafe } from './prompt-tokens.ts';
import type { SpecialTexts } from './special-texts.ts';
import { markTokens, withoutMarks } from './syntax/token-marks.ts';
import type { TurnSyntax } from './syntax/turn-syntax.ts';
import { opensReasoning } from './template-traits.ts';
import { answerOpening, openingOf } from './turn-opening.ts';

/** A prompt before it is tokenised, and the grammars of its answer. */
export interface PromptText {
  readonly pieces: readonly PromptPiece[];
  /** The part of the model's turn that the prompt already contains. */
  readonly opened: string;
  readonly grammars: TurnGrammarTexts;
}

/** The parts of a request that a prompt is made from. */
export type PromptSource = Pick<
  GenerateRequest,
  'messages' | 'tools' | 'toolChoice' | 'reasoning' | 'responseSchema' | 'responseSchemaIsStrict'
>;

/**
 * Renders a conversation. It runs an untrusted template over untrusted text and may never return: call it in a thread
 * that can be terminated. Throws EngineError `UNSUPPORTED_REASONING`, `UNSUPPORTED_INPUT` (an image, a conversation
 * that the template refuses), `INVALID_REQUEST` (a schema that is too large, or a started answer together with a schema
 * or a required call).
 */
export function writePrompt(
  { format, template, traits }: ChosenFormat,
  specials: SpecialTexts,
  request: PromptSource,
): PromptText {
  const { messages, reasoning, toolChoice, responseSchema } = request;
  const { syntax } = format;
  const tools = shownTools(request);
  checkReasoning(reasoning, traits);
  const mustCall = toolChoice !== 'auto' && tools.length > 0;
  const apart = splitThoughts(toPlainMessages(messages), syntax.reasoning);
  const safe = makeSafe(
    { messages: apart, tools, ...(reasoning === undefined ? {} : { reasoning }) },
    template,
    specials,
  );
  const { conversation, begun } = splitBegun(safe.conversation);
  if (begun !== undefined && (mustCall || responseSchema !== undefined)) {
    throw new EngineError(
      'INVALID_REQUEST',
      'The last message begins the answer, so the answer cannot be held to a schema or to a tool call. End with another message.',
      { field: 'messages' },
    );
  }
  const rendered = format.render(conversation);
  const reasoningOpen = opensReasoning(rendered, syntax);
  const ends = turnEnds({ syntax, mustCall, reasoningOpen, begun });
  const begunText = withoutMarks(ends.text.replaceAll(safe.mark, ''));
  const opened = markTokens(openingOf(rendered, syntax) + ends.own, specials) + begunText;
  return {
    pieces: cutForTokenizer((rendered + ends.own + ends.text).split(safe.mark), specials),
    opened,
    grammars: turnGrammars({
      tools,
      syntax,
      mustCall,
      reasoningOpen,
      mayReason: !reasoningOpen && traits.reasoning !== undefined && reasoning !== 'off',
      ...(responseSchema === undefined ? {} : { responseSchema }),
      ...(request.responseSchemaIsStrict === undefined ? {} : { isStrict: true as const }),
    }),
  };
}

function checkReasoning(reasoning: PromptSource['reasoning'], traits: ChosenFormat['traits']): void {
  if (reasoning === undefined || (traits.reasoning?.allowedOptions.includes(reasoning) ?? false)) return;
  const allowed = traits.reasoning?.allowedOptions.join(', ') ?? 'none';
  throw new EngineError(
    'UNSUPPORTED_REASONING',
    `The model has no reasoning setting "${reasoning}"; it has: ${allowed}.`,
    { field: 'reasoning' },
  );
}

/** If the last message is the assistant's and has no tool calls, it is the beginning of the answer. */
function splitBegun(conversation: Conversation): { readonly conversation: Conversation; readonly begun?: string } {
  const last = conversation.messages.at(-1);
  if (last?.role !== 'assistant' || (last.toolCalls?.length ?? 0) > 0 || last.content.trim() === '')
    return { conversation };
  return {
    conversation: { ...conversation, messages: conversation.messages.slice(0, -1) },
    begun: last.content.trimEnd(),
  };
}

/** The text after the template's prompt: markers of the model's turn, and the text of a started answer. */
function turnEnds({
  syntax,
  mustCall,
  reasoningOpen,
  begun,
}: {
  readonly syntax: TurnSyntax;
  readonly mustCall: boolean;
  readonly reasoningOpen: boolean;
  readonly begun: string | undefined;
}): { readonly own: string; readonly text: string } {
  if (begun !== undefined) return { own: answerOpening(reasoningOpen, syntax), text: begun };
  return { own: mustCall && !reasoningOpen ? forcedOpening(syntax) : '', text: '' };
}

/** The tools that the model is shown. */
function shownTools({ tools, toolChoice }: PromptSource): GenerateRequest['tools'] {
  if (toolChoice === 'none') return [];
  return typeof toolChoice === 'object' ? tools.filter((tool) => tool.name === toolChoice.name) : tools;
}
