/** Models that other servers run. */
export { createUpstreamEngine } from './upstream-engine.ts';
export type { UpstreamOptions } from './upstream-options.ts';
