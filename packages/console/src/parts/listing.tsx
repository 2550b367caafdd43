import type { ComponentChildren } from 'preact';
import { strings } from '../strings.ts';
import { Failure } from './notice.tsx';

interface ListingProps<T> {
  /** What was loaded; undefined until it is there. A former value stays while it is loaded again. */
  readonly value: T | undefined;
  readonly error: unknown;
  readonly onRetry: () => void;
  /** What is shown in place of a list without entries. */
  readonly empty?: string;
  readonly isEmpty?: (value: T) => boolean;
  readonly children: (value: T) => ComponentChildren;
}

/** What the server is asked for: that it is loading, why it failed, that there is nothing, or what there is. */
export function Listing<T>({ value, error, onRetry, empty, isEmpty = isBare, children }: ListingProps<T>) {
  return (
    <>
      {error !== undefined && <Failure error={error} onRetry={onRetry} />}
      {value === undefined && error === undefined && <p role="status">{strings.loading}</p>}
      {value !== undefined && (empty !== undefined && isEmpty(value) ? <p class="empty">{empty}</p> : children(value))}
    </>
  );
}

const isBare = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

interface RowTableProps {
  /** The headings. A cell repeats its own as `data-label`, for the width at which a row is a card. */
  readonly columns: readonly string[];
  readonly children: ComponentChildren;
  readonly footer?: ComponentChildren;
}

/** A table whose rows become cards where the page is narrow. */
export function RowTable({ columns, children, footer }: RowTableProps) {
  return (
    <table class="cards">
      <thead>
        <tr>
          {columns.map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
      {footer !== undefined && <tfoot>{footer}</tfoot>}
    </table>
  );
}
