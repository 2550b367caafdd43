import type { Token } from 'node-llama-cpp';
import type { GenerateRequest } from '../../../contracts/inference-engine.ts';
import { ServerError } from '../../../contracts/server-error.ts';
import { makeSafe } from '../formats/prompt-tokens.ts';
import { opensReasoning } from '../formats/template-traits.ts';
import type { NativeModel } from './native-model.ts';

/** A prompt, ready to be evaluated. */
export interface Prompt {
  readonly tokens: Token[];
  /** It ends inside a block of reasoning. */
  readonly reasoningOpen: boolean;
  /** It ends with the opening marker of a tool call, since the model has to call one. */
  readonly callOpen: boolean;
}

/**
 * Renders and tokenises a conversation.
 * Throws ServerError `UNSUPPORTED_REASONING`, `UNSUPPORTED_INPUT` (an image, roles that the template refuses).
 */
export function buildPrompt({ model, chosen, specials }: NativeModel, request: GenerateRequest): Prompt {
  const { format, template, traits } = chosen;
  const { messages, reasoning, toolChoice } = request;
  const tools = shownTools(request);
  if (reasoning !== undefined && !(traits.reasoning?.allowedOptions.includes(reasoning) ?? false)) {
    const allowed = traits.reasoning?.allowedOptions.join(', ') ?? 'none';
    throw new ServerError(
      'UNSUPPORTED_REASONING',
      `The model has no reasoning setting “${reasoning}”; it has: ${allowed}.`,
      {
        param: 'reasoning',
      },
    );
  }
  const safe = makeSafe({ messages, tools, ...(reasoning === undefined ? {} : { reasoning }) }, template, specials, {
    tokenize: (text, continues) => model.tokenize(text, true, continues ? 'trimLeadingSpace' : undefined),
  });
  const rendered = format.render(safe.conversation);
  const tokens = safe.tokenize(rendered) as Token[];
  const { bos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  const reasoningOpen = opensReasoning(rendered);
  const mustCall = toolChoice !== 'auto' && tools.length > 0;
  const callOpen = mustCall && !reasoningOpen;
  if (callOpen) tokens.push(...model.tokenize(format.calls.open, true, 'trimLeadingSpace'));
  return { tokens, reasoningOpen, callOpen };
}

/** The tools that the model is told about. */
export function shownTools({ tools, toolChoice }: GenerateRequest): GenerateRequest['tools'] {
  if (toolChoice === 'none') return [];
  return typeof toolChoice === 'object' ? tools.filter((tool) => tool.name === toolChoice.name) : tools;
}
