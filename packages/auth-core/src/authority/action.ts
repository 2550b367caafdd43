/**
 * Everything that a grant can allow, as a closed list. A grant names some of them, or `"*"` for all.
 *
 * `chat` is every route that generates text. Asking about oneself needs no action at all.
 */
export const ACTIONS = [
  'chat',
  'embeddings',
  'models:read',
  'models:load',
  'models:download',
  'tokens:read',
  'tokens:write',
  'settings:read',
  'settings:write',
  'audit:read',
  'usage:read',
  'mcp:read',
  'mcp:write',
  'approvals:decide',
  'metrics:read',
] as const;

/** One thing that a caller may want to do; see {@link ACTIONS}. */
export type Action = (typeof ACTIONS)[number];
