import { getLlama, type Llama, LlamaGrammar, LlamaLogLevel } from 'node-llama-cpp';

/** llama.cpp's own judgement of whole texts. */
export interface GrammarJudge {
  /** Throws when llama.cpp can't parse the grammar. */
  accepts(grammar: string, text: string): boolean;
  close(): Promise<void>;
}

export async function createGrammarJudge(): Promise<GrammarJudge> {
  const llama: Llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.disabled });
  return {
    accepts(grammar, text) {
      // Not in the library's public types, but the only way to ask llama.cpp about a text without a model.
      const compiled = new LlamaGrammar(llama, { grammar }) as LlamaGrammar & { _testText(text: string): boolean };
      return compiled._testText(text);
    },
    close: () => llama.dispose(),
  };
}
