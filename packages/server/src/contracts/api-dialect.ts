import type { ServerError } from './server-error.ts';

/** An error as an API shows it. `status` is the HTTP status that goes with the body. */
export interface RenderedError {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** SEAM. How an API family words its errors. The rest of a dialect is its own functions: parse, render. */
export interface ApiDialect {
  readonly name: 'lmstudio' | 'openai' | 'label-studio' | 'oauth' | 'mcp';
  renderError(error: ServerError): RenderedError;
}
