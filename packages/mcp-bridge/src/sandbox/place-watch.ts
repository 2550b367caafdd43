import { lstatSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** How often places are checked if the system does not report changes. */
const lookMilliseconds = 500;

/**
 * Watches the places of a running sandbox's mounts. A mount moves with a folder that is renamed, and ends with one that
 * is replaced. The server could then write whatever is put at the place or at a folder above it.
 *
 * @param places includes the folders above them, up to the one that the server writes
 */
export function watchPlaces(places: readonly string[], onReplaced: (place: string) => void): Disposable {
  const before = new Map(places.map((place) => [place, identity(place)]));
  const folders = new Set(places.map(dirname));
  const stops: (() => void)[] = [];
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    for (const end of stops) end();
  };
  const look = (): void => {
    if (isOver) return;
    for (const [place, known] of before) {
      if (identity(place) === known) continue;
      stop();
      onReplaced(place);
      return;
    }
  };
  const lookAgain = (): void => {
    const timer = setInterval(look, lookMilliseconds).unref();
    stops.push(() => clearInterval(timer));
  };
  for (const folder of folders) {
    try {
      const watcher = watch(folder, { persistent: false }, look).on('error', lookAgain);
      stops.push(() => watcher.close());
    } catch {
      // The system has no more watchers, so the places are polled.
      lookAgain();
    }
  }
  // Covers the time between the mount and the start of the watcher.
  setImmediate(look);
  return { [Symbol.dispose]: stop };
}

/** The identity of the file at a path, independent of its name. */
function identity(path: string): string | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status && `${status.dev} ${status.ino}`;
}
