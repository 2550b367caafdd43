import type { LoadSettings } from '@latchkey/engine';
import { type GgufFileInfo, type Llama, type LlamaModel, readGgufFileInfo } from 'node-llama-cpp';
import type { LoadCommand } from '../protocol.ts';
import { makesEmbeddings } from './describe-file.ts';
import { checkHeader } from './gguf-header.ts';
import { attempt, LoadFailure } from './load-failure.ts';
import { requireMemory } from './memory.ts';
import { explainReadFailure } from './read-failure.ts';
import { startLlama, usualThreads } from './start-llama.ts';

/** A model file whose weights are loaded. */
export interface OpenModelFile {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly file: GgufFileInfo;
  readonly threads: number;
  /** Whether it makes embeddings instead of answers. */
  readonly embeds: boolean;
  readonly device: string;
}

/** Loads the weights of a model file. Throws LoadFailure. */
export async function openModelFile(
  options: LoadCommand,
  onLoadProgress: (progress: number) => void,
): Promise<OpenModelFile> {
  const file = await readHeader(options.path);
  const embeds = makesEmbeddings(file);
  const threads = options.threads ?? usualThreads();
  const llama = await startLlama(options.gpu, threads);
  const { settings = {} } = options;
  const contextSize = embeds ? options.contextLength : options.contextLength * options.parallel;
  requireKnownSettings(file, settings, embeds);
  if (llama.gpu === false && !options.ignoresMemory) await requireMemory(file, llama, options, embeds);
  const model = await attempt(
    () =>
      llama.loadModel({
        modelPath: options.path,
        onLoadProgress,
        ...(llama.gpu === false
          ? {}
          : { gpuLayers: settings.gpuLayers ?? { fitContext: { contextSize, embeddingContext: embeds } } }),
        ...expertsOf(file, settings),
      }),
    'The model could not be loaded: the file is damaged or incomplete, or its architecture is not supported.',
  );
  return { llama, model, file, threads, embeds, device: llama.gpu === false ? 'cpu' : llama.gpu };
}

/** How many experts of a mixture there are; undefined for other models. */
const expertCountOf = ({ architectureMetadata }: GgufFileInfo): number | undefined => {
  const { expert_count: count } = architectureMetadata as Readonly<Record<string, unknown>>;
  return typeof count === 'number' && count > 0 ? count : undefined;
};

/** Throws LoadFailure `INVALID_REQUEST` for a setting that this model does not have. */
function requireKnownSettings(file: GgufFileInfo, settings: LoadSettings, embeds: boolean): void {
  const { experts, valueCache, flashAttention } = settings;
  const [first] = Object.keys(settings).filter((name) => name !== 'gpuLayers');
  if (embeds && first !== undefined) {
    const message = `A model for embeddings is loaded with a context length only; ${first} was set.`;
    throw new LoadFailure(message, undefined, 'INVALID_REQUEST');
  }
  const most = expertCountOf(file);
  if (experts !== undefined && (most === undefined || experts > most)) {
    const has = most === undefined ? 'has no experts' : `has ${most}`;
    throw new LoadFailure(`${experts} experts were asked for; the model ${has}.`, undefined, 'INVALID_REQUEST');
  }
  const isQuantized = valueCache !== undefined && !['f32', 'f16', 'bf16'].includes(valueCache);
  if (isQuantized && flashAttention === false) {
    const message = `A cache of values in ${valueCache} needs flash attention, which was switched off.`;
    throw new LoadFailure(message, undefined, 'INVALID_REQUEST');
  }
}

function expertsOf({ metadata }: GgufFileInfo, { experts }: LoadSettings) {
  const architecture = metadata.general?.architecture;
  if (experts === undefined || architecture === undefined) return {};
  return { metadataOverrides: { [architecture]: { expert_used_count: experts } } };
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
