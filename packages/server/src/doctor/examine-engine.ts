import { existsSync, readFileSync } from 'node:fs';
import { EngineError } from '@latchkey/engine';
import { type Backend, createLlamaEngine, probeBackend } from '@latchkey/llama';
import type { ServerConfig } from '../config/schema.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { formatBytes } from './format-bytes.ts';

/** Starts llama.cpp and reports its backend, with a warning if a GPU is not used; then inspects the models folder. */
export async function examineEngine({
  engine,
  models,
}: Pick<ServerConfig, 'engine' | 'models'>): Promise<readonly Finding[]> {
  const backend = await probeBackend(engine.gpu).catch((error: unknown) => error);
  if (backend instanceof Error) {
    const detail = backend instanceof EngineError ? backend.detail : undefined;
    return [problem('llama.cpp', backend.message, detail)];
  }
  return [judgeBackend(backend as Backend, engine.gpu, seenGpus()), await examineModels(models)];
}

/**
 * Judges what llama.cpp runs on.
 *
 * @param seen the GPUs that the drivers of the machine show
 */
export function judgeBackend(
  { device, gpus, gpuMemory, threads, release }: Backend,
  wanted: 'auto' | 'off',
  seen: readonly string[],
): Finding {
  const what = `llama.cpp ${release} on ${device === 'cpu' ? 'the CPU' : device}`;
  if (device !== 'cpu') {
    const memory =
      gpuMemory === undefined ? '' : `, ${formatBytes(gpuMemory.free)} free of ${formatBytes(gpuMemory.total)}`;
    return ok('llama.cpp', `${what}: ${gpus.join(', ')}${memory}`);
  }
  const withThreads = `${what}, ${threads} ${threads === 1 ? 'thread' : 'threads'} for each model`;
  if (wanted === 'off') return ok('llama.cpp', `${withThreads}; engine.gpu is off`);
  if (seen.length === 0) return ok('llama.cpp', `${withThreads}; this machine shows no GPU`);
  return warning(
    'llama.cpp',
    `${withThreads}, although there is a GPU: ${seen.join(', ')}`,
    'Install the driver of the GPU with CUDA or Vulkan, and node-llama-cpp with its optional packages. In a container, pass the GPU in.',
  );
}

/** What the drivers of this machine show, by the files that they make on Linux. */
function seenGpus(): readonly string[] {
  const nvidia = '/proc/driver/nvidia/version';
  return [
    ...(existsSync(nvidia)
      ? [`NVIDIA (driver ${/\d+(?:\.\d+)+/.exec(readFileSync(nvidia, 'utf8'))?.[0] ?? 'unknown'})`]
      : []),
    ...(existsSync('/dev/kfd') ? ['AMD'] : []),
    ...(existsSync('/dev/dri/renderD128') && !existsSync(nvidia) ? ['one with a render device (/dev/dri)'] : []),
  ];
}

const WHERE_MODELS_GO = 'Put models there as <publisher>/<name>.gguf, or name another folder with --models.';

async function examineModels(folder: string): Promise<Finding> {
  if (!existsSync(folder)) {
    return warning('models', `there is no folder ${folder}`, WHERE_MODELS_GO);
  }
  await using engine = createLlamaEngine({ folder, gpu: 'off' });
  const found = (await Promise.all(engine.sources.map((source) => source.list()))).flat();
  const broken = found.flatMap(({ key, description }) =>
    description instanceof Error ? [`${key}: ${description.message}`] : [],
  );
  const usable = found.length - broken.length;
  const what = `${usable} ${usable === 1 ? 'model' : 'models'} in ${folder}`;
  if (broken.length > 0)
    return warning('models', `${what}; ${broken.length} cannot be used`, broken.slice(0, 5).join('; '));
  if (usable === 0) return warning('models', what, WHERE_MODELS_GO);
  return ok('models', what);
}
