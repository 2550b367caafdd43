import { type GgufFileInfo, GgufInsights, type Llama } from 'node-llama-cpp';
import { freeMemory } from '../free-memory.ts';
import type { LoadCommand } from '../protocol.ts';
import { memorySettings } from './context-settings.ts';
import { LoadFailure } from './load-failure.ts';

/** The rest of the process: Node, the vocabulary, templates. */
const PROCESS_BYTES = 128 * 2 ** 20;

/**
 * Refuses a model whose weights and context need more memory than is free, before anything of it is loaded: the system
 * would otherwise end a process, and not necessarily this one. Throws LoadFailure `INSUFFICIENT_MEMORY`. What cannot be
 * estimated is loaded.
 */
export async function requireMemory(
  file: GgufFileInfo,
  llama: Llama,
  options: LoadCommand,
  embeds: boolean,
): Promise<void> {
  const free = freeMemory();
  const need = await estimate(file, llama, options, embeds).catch(() => undefined);
  if (need === undefined || need.weights + need.context + PROCESS_BYTES <= free) return;
  const total = inGigabytes(need.weights + need.context + PROCESS_BYTES);
  const contexts = embeds ? `inputs of ${options.contextLength}` : `${options.parallel} × ${options.contextLength}`;
  throw new LoadFailure(
    `The model needs about ${total} GB of memory (${inGigabytes(need.weights)} GB for its weights, ` +
      `${inGigabytes(need.context)} GB for ${contexts} tokens of context), and ${inGigabytes(free)} GB are free. ` +
      'Unload other models, or load it with a shorter context or fewer parallel requests.',
    undefined,
    'INSUFFICIENT_MEMORY',
  );
}

async function estimate(file: GgufFileInfo, llama: Llama, options: LoadCommand, embeds: boolean) {
  const { contextLength, parallel, settings } = options;
  const insights = await GgufInsights.from(file, llama);
  const weights = await insights.estimateModelResourceRequirementsV2({ gpuLayers: 0 });
  const context = await insights.estimateContextResourceRequirementsV2({
    contextSize: Math.min(contextLength, insights.trainContextSize ?? contextLength),
    sequences: embeds ? 1 : parallel,
    isEmbeddingContext: embeds,
    modelGpuLayers: 0,
    ...memorySettings(settings),
  });
  return { weights: weights.cpuRam, context: context.cpuRam };
}

const inGigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 1e8 ? 2 : 1);
