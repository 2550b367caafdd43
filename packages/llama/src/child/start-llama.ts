import { availableParallelism } from 'node:os';
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';
import type { LoadCommand } from '../protocol.ts';
import { attempt } from './load-failure.ts';

/** The number of cores minus one: the rest of the server also needs time. */
export const usualThreads = (): number => Math.max(1, availableParallelism() - 1);

/** Starts llama.cpp with the best back end that works here. Throws LoadFailure `MODEL_UNAVAILABLE`. */
export function startLlama(gpu: LoadCommand['gpu'], maxThreads: number): Promise<Llama> {
  return attempt(
    () =>
      getLlama({
        build: 'never',
        gpu: gpu === 'off' ? false : 'auto',
        maxThreads,
        progressLogs: false,
        logLevel: LlamaLogLevel.warn,
        logger: (_level, message) => process.stderr.write(`${message}\n`),
      }),
    `llama.cpp could not be started on this machine (${process.platform}-${process.arch}): it has no program for it, or a library is missing. Install node-llama-cpp with its optional packages.`,
    'MODEL_UNAVAILABLE',
  );
}
