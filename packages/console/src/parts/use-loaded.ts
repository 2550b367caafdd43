import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** Something that is loaded from the server: its value, once it is there, or the error. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  /** Loads it again; the former value stays until then. */
  readonly reload: () => Promise<void>;
}

/** Loads something when the component appears, and again when `load` is another function. */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<unknown>();
  const last = useRef(0);
  const reload = useCallback(async (): Promise<void> => {
    last.current += 1;
    const turn = last.current;
    // An answer that comes after that of a later request is dropped.
    const isLast = (): boolean => turn === last.current;
    try {
      const loaded = await load();
      if (isLast()) setValue(loaded);
      if (isLast()) setError(undefined);
    } catch (cause) {
      if (isLast()) setError(cause);
    }
  }, [load]);
  useEffect(() => void reload(), [reload]);
  return { value, error, reload };
}
