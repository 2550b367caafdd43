import { availableParallelism } from 'node:os';

/** What llama.cpp, its GPU back ends and Node itself read; everything else stays with the server. */
const NAMES = new Set([
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'SYSTEMROOT',
  'WINDIR',
  'APPDATA',
  'LOCALAPPDATA',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'XDG_RUNTIME_DIR',
]);
const PREFIXES = ['CUDA_', 'NVIDIA_', 'GGML_', 'HIP_', 'HSA_', 'ROCR_', 'VK_', 'MESA_', 'LC_'];

/** Node's default, which is the least that a process should have. */
const FEWEST_POOL_THREADS = 4;

/**
 * The environment of an engine process: only names that it needs, so that none of the server's secrets are in the
 * memory of a process that parses files from strangers.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = Object.entries(environment).filter(([name]) => {
    const upper = name.toUpperCase();
    return NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
  });
  // Each stream's sampling is a job for Node's thread pool; more threads than cores would only pass them around.
  const poolThreads = Math.max(FEWEST_POOL_THREADS, availableParallelism());
  return { ...Object.fromEntries(allowed), UV_THREADPOOL_SIZE: String(poolThreads) };
}
