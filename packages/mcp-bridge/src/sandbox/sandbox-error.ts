/** Why a server is not started, in words that are safe to show. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}
