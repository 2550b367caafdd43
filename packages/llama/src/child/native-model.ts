import type { Llama, LlamaContext, LlamaModel, Token } from 'node-llama-cpp';
import type { LoadCommand } from '../protocol.ts';
import { Batching } from './batching.ts';
import { chatTemplateOf } from './chat-template-of.ts';
import { contextSettings } from './context-settings.ts';
import { attempt } from './load-failure.ts';
import type { OpenModelFile } from './model-file.ts';
import { PromptThread } from './prompt-thread.ts';
import type { FormatFacts } from './prompt-worker.ts';
import { SequencePool } from './sequence-pool.ts';
import { TokenTexts } from './token-text.ts';
import { readVocabulary, turnEndsOf, vocabularySizeOf } from './vocabulary.ts';

/** A model in this process, with everything that a generation needs. */
export interface NativeModel {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly pool: SequencePool;
  readonly batching: Batching;
  readonly format: FormatFacts;
  readonly prompts: PromptThread;
  readonly texts: TokenTexts;
  /** The tokens that end a turn. */
  readonly turnEnds: readonly Token[];
  readonly contextLength: number;
  /** The number of tokens that there are. */
  readonly vocabularySize: number;
  /** How many tokens are computed in one batch. */
  readonly batchSize: number;
  readonly device: string;
  dispose(): Promise<void>;
}

/** Makes a loaded model ready to generate. Throws LoadFailure. */
export async function prepareNativeModel(opened: OpenModelFile, options: LoadCommand): Promise<NativeModel> {
  const { model, threads } = opened;
  const batching = new Batching();
  const context = await attempt(
    () =>
      model.createContext({
        sequences: options.parallel,
        contextSize: options.contextLength,
        threads: { ideal: threads, min: threads },
        batching: { itemPrioritizationStrategy: batching.strategy },
        failedCreationRemedy: false,
        ...contextSettings(options.settings),
      }),
    `The model was read, but there was no room for ${options.parallel} × ${options.contextLength} tokens of context.`,
    'MODEL_UNAVAILABLE',
  );
  return assemble({ ...opened, context, batching, options });
}

interface Parts extends OpenModelFile {
  readonly context: LlamaContext;
  readonly batching: Batching;
  readonly options: LoadCommand;
}

async function assemble({ llama, model, device, context, batching, file, options }: Parts): Promise<NativeModel> {
  const { specialTexts } = readVocabulary(model, file);
  const prompts = new PromptThread();
  const source = {
    template: chatTemplateOf(file),
    bos: model.tokens.bosString ?? '',
    eos: model.tokens.eosString ?? '',
    hasChatMl: specialTexts.includes('<|im_start|>'),
  };
  const format = await attempt(
    () => prompts.choose(source, specialTexts),
    "The model's chat template takes too long or too much memory.",
  );
  return {
    llama,
    model,
    pool: new SequencePool(context),
    batching,
    format,
    prompts,
    texts: new TokenTexts(model, new Set(format.markers)),
    turnEnds: turnEndsOf(model, format.stop),
    contextLength: Math.min(options.contextLength, context.contextSize),
    vocabularySize: vocabularySizeOf(file),
    batchSize: context.batchSize,
    device,
    async dispose() {
      await prompts[Symbol.asyncDispose]();
      await model.dispose();
      await llama.dispose();
    },
  };
}
