import { type GgufFileInfo, type Llama, type LlamaContext, type LlamaModel, readGgufFileInfo } from 'node-llama-cpp';
import type { LoadCommand } from '../protocol.ts';
import { Batching } from './batching.ts';
import { chatTemplateOf } from './chat-template-of.ts';
import { checkHeader } from './gguf-header.ts';
import { attempt, LoadFailure } from './load-failure.ts';
import { PromptThread } from './prompt-thread.ts';
import type { FormatFacts } from './prompt-worker.ts';
import { explainReadFailure } from './read-failure.ts';
import { SequencePool } from './sequence-pool.ts';
import { startLlama, usualThreads } from './start-llama.ts';
import { TokenTexts } from './token-text.ts';
import { readVocabulary } from './vocabulary.ts';

/** A model in this process, with everything that a generation needs. */
export interface NativeModel {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly pool: SequencePool;
  readonly batching: Batching;
  readonly format: FormatFacts;
  readonly prompts: PromptThread;
  readonly texts: TokenTexts;
  readonly contextLength: number;
  /** How many tokens are computed in one batch. */
  readonly batchSize: number;
  readonly device: string;
  dispose(): Promise<void>;
}

/** Loads a model file. Throws LoadFailure. */
export async function loadNativeModel(
  options: LoadCommand,
  onProgress: (progress: number) => void,
): Promise<NativeModel> {
  const file = await readHeader(options.path);
  const threads = options.threads ?? usualThreads();
  const llama = await startLlama(options.gpu, threads);
  const model = await attempt(
    () => loadModelFile(llama, options, onProgress),
    'The model could not be loaded: the file is damaged or incomplete, or its architecture is not supported.',
  );
  const batching = new Batching();
  const context = await attempt(
    () =>
      model.createContext({
        sequences: options.parallel,
        contextSize: options.contextLength,
        threads: { ideal: threads, min: threads },
        batching: { itemPrioritizationStrategy: batching.strategy },
        failedCreationRemedy: false,
      }),
    `The model was read, but there was no room for ${options.parallel} × ${options.contextLength} tokens of context.`,
    'MODEL_UNAVAILABLE',
  );
  return assemble({ llama, model, context, batching, file, options });
}

interface Parts {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly batching: Batching;
  readonly file: GgufFileInfo;
  readonly options: LoadCommand;
}

async function assemble({ llama, model, context, batching, file, options }: Parts): Promise<NativeModel> {
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
    contextLength: Math.min(options.contextLength, context.contextSize),
    batchSize: context.batchSize,
    device: llama.gpu === false ? 'cpu' : llama.gpu,
    async dispose() {
      await prompts[Symbol.asyncDispose]();
      await model.dispose();
      await llama.dispose();
    },
  };
}

function loadModelFile(
  llama: Llama,
  { path, contextLength, parallel }: LoadCommand,
  onLoadProgress: (progress: number) => void,
): Promise<LlamaModel> {
  const onGpu = llama.gpu !== false;
  return llama.loadModel({
    modelPath: path,
    onLoadProgress,
    ...(onGpu ? { gpuLayers: { fitContext: { contextSize: contextLength * parallel } } } : {}),
  });
}

async function readHeader(path: string): Promise<GgufFileInfo> {
  try {
    checkHeader(path);
    return await readGgufFileInfo(path, { sourceType: 'filesystem', logWarnings: false });
  } catch (error) {
    const { message, isPassing } = explainReadFailure(error);
    throw new LoadFailure(message, error, isPassing ? 'MODEL_UNAVAILABLE' : 'MODEL_LOAD_FAILED');
  }
}
