import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/api-error.ts';
import { strings } from '../strings.ts';

/** A failure, in the server's words where it has given some. It is read out as soon as it appears. */
export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: (() => void) | undefined }) {
  return (
    <div class="notice notice-failure" role="alert">
      <p>{error instanceof ApiError ? visibleText(error.message) : strings.errors.unexpected}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {strings.retry}
        </button>
      )}
    </div>
  );
}

/** Something that was done, or that is worth knowing. */
export function Notice({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="notice" role="status">
      {children}
    </div>
  );
}
