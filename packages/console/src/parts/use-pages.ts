import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** A page of a longer list. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent when this is the last one. */
  readonly next?: string | undefined;
}

/** A list that is loaded page by page. */
export interface LoadedPages<T> {
  /** All that is loaded so far. */
  readonly value: ListPage<T> | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Begins again with the first page. */
  readonly reload: () => Promise<void>;
  /** Adds the next page, or tries again where the last one has failed. */
  readonly more: () => Promise<void>;
}

/** Loads the first page when the component appears, and others on request. */
export function usePages<T>(load: (after?: string) => Promise<ListPage<T>>): LoadedPages<T> {
  const [value, setValue] = useState<ListPage<T>>();
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(false);
  const last = useRef(0);

  const read = useCallback(
    async (from?: ListPage<T>): Promise<void> => {
      last.current += 1;
      const turn = last.current;
      setLoading(true);
      setError(undefined);
      try {
        const { items, next } = await load(from?.next);
        // An answer that comes after that of a later request is dropped.
        if (turn === last.current) setValue({ items: [...(from?.items ?? []), ...items], next });
      } catch (cause) {
        if (turn === last.current) setError(cause);
      } finally {
        if (turn === last.current) setLoading(false);
      }
    },
    [load],
  );
  const reload = useCallback(() => read(), [read]);
  useEffect(() => void reload(), [reload]);
  return { value, error, isLoading, reload, more: () => read(value) };
}
