import { LlamaGrammar, LlamaGrammarEvaluationState } from 'node-llama-cpp';
import type { GenerateRequest } from '../../../contracts/inference-engine.ts';
import type { OutputParser } from '../formats/output-parser.ts';
import { afterCallGrammar, answerGrammar, callGrammar } from '../grammar/turn-grammars.ts';
import type { NativeModel } from './native-model.ts';
import { type Prompt, shownTools } from './prompt.ts';

/**
 * The grammar that the next token has to follow, by where in its turn the model is: none in reasoning and in free
 * text; a tool call's from its opening marker to its closing one; a required answer's from its first character.
 */
export class TurnGrammar {
  readonly #model: NativeModel;
  readonly #request: GenerateRequest;
  readonly #parser: OutputParser;
  readonly #tools: GenerateRequest['tools'];
  readonly #mustCall: boolean;
  readonly #mayReason: boolean;
  readonly #compiled = new Map<string, LlamaGrammar>();
  #stretch = -1;
  #state: LlamaGrammarEvaluationState | undefined;

  constructor(model: NativeModel, request: GenerateRequest, prompt: Prompt, parser: OutputParser) {
    this.#model = model;
    this.#request = request;
    this.#parser = parser;
    this.#tools = shownTools(request);
    this.#mustCall = this.#tools.length > 0 && request.toolChoice !== 'auto';
    this.#mayReason =
      !prompt.reasoningOpen && model.chosen.traits.reasoning !== undefined && request.reasoning !== 'off';
  }

  /** To be asked before every token. */
  state(): LlamaGrammarEvaluationState | undefined {
    if (this.#parser.stretch === this.#stretch) return this.#state;
    this.#stretch = this.#parser.stretch;
    // A token that held more than the marker has gone on without a grammar; there is no way to make up for it.
    const text = this.#parser.untouched ? this.#grammarText() : undefined;
    this.#state = text === undefined ? undefined : this.#begin(text);
    return this.#state;
  }

  #grammarText(): string | undefined {
    const { calls } = this.#model.chosen.format;
    const { responseSchema } = this.#request;
    if (this.#parser.place === 'reasoning') return undefined;
    if (this.#parser.place === 'call') return callGrammar(this.#tools, calls, this.#mustCall);
    const free = responseSchema === undefined && !this.#mustCall;
    if (this.#parser.callCount > 0) return free && !calls.endsTurn ? undefined : afterCallGrammar(calls);
    if (free) return undefined;
    return answerGrammar({
      ...(this.#mustCall || responseSchema === undefined ? {} : { schema: responseSchema }),
      ...(this.#tools.length === 0 ? {} : { calls }),
      reasoning: this.#mayReason && this.#stretch === 0,
    });
  }

  #begin(text: string): LlamaGrammarEvaluationState {
    let grammar = this.#compiled.get(text);
    if (grammar === undefined) {
      // The library's own factory does the same, but asynchronously, and a token is waiting.
      grammar = new LlamaGrammar(this.#model.llama, { grammar: text });
      this.#compiled.set(text, grammar);
    }
    return new LlamaGrammarEvaluationState({ model: this.#model.model, grammar });
  }
}
