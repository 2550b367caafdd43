import { readFile } from 'node:fs/promises';
import { watchPlaces } from './place-watch.ts';
import { SandboxError } from './sandbox-error.ts';

/**
 * Reads the file that lists further places that no server may read; it need not exist.
 *
 * @throws SandboxError when it is damaged: it is not known then what to hide
 */
export async function readHiddenList(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw new SandboxError(`${file}, which lists what to hide, cannot be read (${error.code})`);
  });
  const listed = parse(text);
  if (!Array.isArray(listed) || !listed.every((path) => typeof path === 'string')) {
    throw new SandboxError(`${file}, which lists what to hide, is not a JSON list of paths: correct it`);
  }
  return listed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a server that is running was started with. */
export interface RunningView {
  /** The places that are hidden from it. */
  readonly hidden: readonly string[];
  sees(path: string): boolean;
}

/** Watches the list while a server runs, and reports the first place that is new in it and that the server sees. */
export function watchHiddenList(
  file: string,
  { hidden, sees }: RunningView,
  onSeen: (place: string) => void,
): Disposable {
  let watched: Disposable | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    // Watched before it is read: no change is missed.
    watched = watchPlaces([file], () => void look());
    if (isOver) watched[Symbol.dispose]();
    // Nothing is known of a list that is damaged, so the server ends; its next start says why it cannot be made.
    const listed = await readHiddenList(file).catch(() => [file]);
    const seen = listed.find((path) => path === file || (!hidden.includes(path) && sees(path)));
    if (seen === undefined || isOver) return;
    stop();
    onSeen(seen);
  };
  const stop = (): void => {
    isOver = true;
    watched?.[Symbol.dispose]();
  };
  void look();
  return { [Symbol.dispose]: stop };
}
