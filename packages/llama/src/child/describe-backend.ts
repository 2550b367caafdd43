import type { Backend, LoadCommand } from '../protocol.ts';
import { startLlama, usualThreads } from './start-llama.ts';

/** Starts llama.cpp without a model and describes what it runs on. Throws LoadFailure `MODEL_UNAVAILABLE`. */
export async function describeBackend(gpu: LoadCommand['gpu']): Promise<Backend> {
  const threads = usualThreads();
  const llama = await startLlama(gpu, threads);
  try {
    const { release } = llama.llamaCppRelease;
    if (llama.gpu === false) return { device: 'cpu', threads, release, gpus: [] };
    const { total, free } = await llama.getVramState();
    const gpus = await llama.getGpuDeviceNames();
    return { device: llama.gpu, threads, release, gpus, gpuMemory: { total, free } };
  } finally {
    await llama.dispose();
  }
}
