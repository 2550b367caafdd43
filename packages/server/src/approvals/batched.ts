/** How long keys are collected before a batch is sent. */
const GATHER_MILLISECONDS = 10;
/** Databases limit the number of values in a statement. */
const MOST_KEYS = 500;

/** Combines calls that are made at about the same time into one: a thousand pending calls are looked up together. */
export function batched<T>(
  fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (key: string) => Promise<T | undefined> {
  let gathered: { readonly keys: Set<string>; readonly found: Promise<ReadonlyMap<string, T>> } | undefined;
  return async (key) => {
    if (gathered === undefined || gathered.keys.size >= MOST_KEYS) {
      const keys = new Set<string>();
      const timer = Promise.withResolvers<void>();
      setTimeout(timer.resolve, GATHER_MILLISECONDS);
      const batch = {
        keys,
        found: timer.promise.then(() => {
          if (gathered === batch) gathered = undefined;
          return fetch([...keys]);
        }),
      };
      gathered = batch;
    }
    gathered.keys.add(key);
    return (await gathered.found).get(key);
  };
}
