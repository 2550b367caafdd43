import { LlamaGrammar, LlamaGrammarEvaluationState } from 'node-llama-cpp';
import type { TurnParser } from '../formats/turn-parser.ts';
import type { TurnGrammarTexts } from '../grammar/turn-grammars.ts';
import type { NativeModel } from './native-model.ts';
import type { Prompt } from './prompt.ts';

/**
 * The grammar for the next token, by the place in the model's turn: none in free text, and none in reasoning that no
 * required part follows; that of a tool call from its opening marker to its closing one; that of a required answer from
 * its first character.
 */
export class TurnGrammar {
  readonly #model: NativeModel;
  readonly #texts: TurnGrammarTexts;
  readonly #parser: TurnParser;
  readonly #compiled = new Map<string, LlamaGrammar>();
  #stretch = -1;
  /** Whether the grammar applies until the end of the turn. */
  #held = false;
  #state: LlamaGrammarEvaluationState | undefined;

  constructor(model: NativeModel, { grammars }: Prompt, parser: TurnParser) {
    this.#model = model;
    this.#texts = grammars;
    this.#parser = parser;
  }

  /** The grammar's state; to be called before every token. */
  state(): LlamaGrammarEvaluationState | undefined {
    if (this.#parser.stretch === this.#stretch) return this.#state;
    this.#stretch = this.#parser.stretch;
    if (this.#held) return this.#state;
    // When a token contained more text than the marker, that text was not constrained, and it is too late for a
    // grammar.
    const text = this.#parser.untouched ? this.#grammarText() : undefined;
    this.#state = text === undefined ? undefined : this.#begin(text);
    this.#held = this.#texts.throughout === true && this.#parser.place === 'answer' && text !== undefined;
    return this.#state;
  }

  #grammarText(): string | undefined {
    if (this.#parser.place === 'reasoning') return this.#texts.reasoning;
    if (this.#parser.place === 'call') return this.#texts.call;
    if (this.#parser.callCount > 0) return this.#texts.afterCall;
    return this.#stretch === 0 ? this.#texts.beginning : this.#texts.answer;
  }

  #begin(text: string): LlamaGrammarEvaluationState {
    let grammar = this.#compiled.get(text);
    if (grammar === undefined) {
      // The library's factory does the same, but asynchronously, and this call must return at once.
      grammar = new LlamaGrammar(this.#model.llama, { grammar: text });
      this.#compiled.set(text, grammar);
    }
    return new LlamaGrammarEvaluationState({ model: this.#model.model, grammar });
  }
}
