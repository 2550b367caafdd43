import { availableParallelism, homedir, tmpdir } from 'node:os';

/** The variables that llama.cpp, its GPU back ends and Node read; no others are passed on. */
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

/** Node's default, and the minimum for a process. */
const FEWEST_POOL_THREADS = 4;

/**
 * The environment of an engine process: only the variables that it needs, so that no secrets of the server are in the
 * memory of a process that parses untrusted files.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = Object.entries(environment).filter(([name]) => {
    const upper = name.toUpperCase();
    return NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
  });
  // The sampling of each stream runs in Node's thread pool; more threads than cores would not make it faster.
  const poolThreads = Math.max(FEWEST_POOL_THREADS, availableParallelism());
  return { ...Object.fromEntries(allowed), ...missingHome(), UV_THREADPOOL_SIZE: String(poolThreads) };
}

/**
 * The library asks for the home folder as soon as it is imported, and fails where there is none, as for a user of a
 * container without an entry in the list of users. Nothing is written to it.
 */
function missingHome(): NodeJS.ProcessEnv {
  try {
    homedir();
    return {};
  } catch {
    return { HOME: tmpdir() };
  }
}
