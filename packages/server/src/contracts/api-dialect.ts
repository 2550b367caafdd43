import type { ServerError } from './server-error.ts';

/** An error as an API renders it. `status` is the HTTP status. */
export interface RenderedError {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** SEAM. How an API renders its errors. A chat API is a `ChatDialect`. */
export interface ApiDialect {
  readonly name: string;
  renderError(error: ServerError): RenderedError;
}
