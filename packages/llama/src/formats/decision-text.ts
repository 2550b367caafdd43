import type { DecisionOption, DecisionQuestion } from '@latchkey/engine';
import type { ChosenFormat } from './choose-format.ts';
import { toPlainMessages } from './plain-message.ts';
import { cutForTokenizer, type PromptPiece } from './prompt-pieces.ts';
import { makeSafe, unusedCharacter } from './prompt-tokens.ts';
import type { SpecialTexts } from './special-texts.ts';
import { opensReasoning } from './template-traits.ts';
import { answerOpening } from './turn-opening.ts';

/** A question about a state, as the model is asked it. */
export interface DecisionSource {
  readonly state: string;
  readonly question: DecisionQuestion;
}

/** A question before it is tokenised: the prompt up to where the answer begins, and each answer. */
export interface DecisionText {
  readonly prompt: readonly PromptPiece[];
  readonly options: readonly (readonly PromptPiece[])[];
}

const TASK =
  'You are given a state and a question about it. Choose the one answer from the list that fits the state best, and write only that answer, exactly as it is in the list.';

const HEADINGS: Readonly<Record<DecisionQuestion['type'], string>> = {
  predicate: 'Is it true? Answers:',
  choice: 'Answers:',
  score: 'Answers, from the lowest to the highest:',
};

/** The end of a prompt that is examined for a special text; none is longer. */
const LONGEST_MARKER = 256;

/**
 * Renders a question in the model's own chat format, the state first, so that all questions about a state begin alike.
 * Neither the state nor an answer can become a special token. Like `writePrompt`, it is to be called in a thread that can
 * be terminated. Throws EngineError `UNSUPPORTED_INPUT`.
 */
export function writeDecision(
  { format, template, traits }: ChosenFormat,
  specials: SpecialTexts,
  { state, question }: DecisionSource,
): DecisionText {
  const asked = toPlainMessages([
    { role: 'system', content: TASK },
    { role: 'user', content: [{ type: 'text', text: `State:\n${state}\n\n${questionText(question)}` }] },
  ]);
  // The answer follows at once, without a thought.
  const thinks = traits.reasoning?.allowedOptions.includes('off') ? { reasoning: 'off' as const } : {};
  const { conversation, mark } = makeSafe({ messages: asked, tools: [], ...thinks }, template, specials);
  const rendered = format.render(conversation);
  const prompt = rendered + answerOpening(opensReasoning(rendered, format.syntax), format.syntax);
  const gap = endsInText(prompt, specials) ? ' ' : '';
  return {
    prompt: cutForTokenizer(prompt.split(mark), specials),
    options: question.options.map(({ text }) => answerPieces(/^\s/.test(text) ? text : gap + text, specials)),
  };
}

function questionText({ type, instructions, options }: DecisionQuestion): string {
  const asked = instructions === undefined ? [] : [`Question: ${instructions}`];
  return [...asked, HEADINGS[type], ...options.map(optionText)].join('\n');
}

const optionText = ({ text, description }: DecisionOption): string =>
  description === undefined ? `- ${text}` : `- ${text}: ${description}`;

/** Whether a word precedes the answer, as in `Assistant:`, so that a space separates the two. */
function endsInText(prompt: string, specials: SpecialTexts): boolean {
  const last = specials.split(prompt.slice(-LONGEST_MARKER)).at(-1);
  return last !== undefined && !last.special && !/\s$/.test(last.text);
}

function answerPieces(text: string, specials: SpecialTexts): PromptPiece[] {
  const mark = unusedCharacter(text);
  const pieces = cutForTokenizer(specials.breakUp(text, mark).split(mark), specials);
  return pieces.map((piece) => ({ ...piece, continues: true }));
}
