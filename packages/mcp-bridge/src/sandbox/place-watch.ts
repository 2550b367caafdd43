import { lstatSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** How often is looked where the system does not say that something changed. */
const lookMilliseconds = 500;

/**
 * Watches places in which a mount of a running sandbox lies. A mount goes with what is renamed and ends with what is
 * replaced: what then lies at the place, or at a folder above it, the server would have as its own.
 *
 * @param places with the folders above them up to the one that the server writes
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
      // The system has no more watchers to give.
      lookAgain();
    }
  }
  // Between the mount and the watcher, too.
  setImmediate(look);
  return { [Symbol.dispose]: stop };
}

/** What lies at a path, however it is called now. */
function identity(path: string): string | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status && `${status.dev} ${status.ino}`;
}
