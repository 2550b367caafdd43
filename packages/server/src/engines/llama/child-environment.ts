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

/** Decoding and sampling each take a place here; with Node's default of four, several streams would wait for it. */
const THREAD_POOL_SIZE = '16';

/**
 * The environment of an engine process: only names that it needs, so that none of the server's secrets are in the
 * memory of a process that parses files from strangers.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = Object.entries(environment).filter(([name]) => {
    const upper = name.toUpperCase();
    return NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
  });
  return { ...Object.fromEntries(allowed), UV_THREADPOOL_SIZE: THREAD_POOL_SIZE };
}
