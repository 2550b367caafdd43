import type { ServerError } from './server-error.ts';

/** An error as an API shows it. `status` is the HTTP status that goes with the body. */
export interface RenderedError {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** SEAM. How an API words its errors. A chat API is a `ChatDialect`. */
export interface ApiDialect {
  readonly name: string;
  renderError(error: ServerError): RenderedError;
}
