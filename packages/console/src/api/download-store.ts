import type { DownloadAsked } from './downloads.ts';

/** A download that was started in this browser, with what was asked, so that it can be asked again. */
export interface KeptDownload {
  readonly id: string;
  readonly startedAt: string;
  readonly asked: DownloadAsked;
}

/** Shared by the tabs of this origin. The server decides who may see a download; the id opens nothing. */
const PLACE = 'latchkey.downloads';
const MOST_KEPT = 32;

/** The downloads that were started in this browser and whose end it has not seen, the oldest first. */
export function keptDownloads(): readonly KeptDownload[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isKept) : [];
  } catch {
    return [];
  }
}

/** Keeps a download in place of an earlier attempt with the same id. */
export function keepDownload(download: KeptDownload): void {
  store([...keptDownloads().filter(({ id }) => id !== download.id), download].slice(-MOST_KEPT));
}

export function forgetDownload(id: string): void {
  store(keptDownloads().filter((download) => download.id !== id));
}

/** Forgets all: an address that was asked for may have a password in it, and another person may sign in next. */
export function forgetDownloads(): void {
  store([]);
}

function store(downloads: readonly KeptDownload[]): void {
  if (downloads.length === 0) localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, JSON.stringify(downloads));
}

function isKept(one: unknown): one is KeptDownload {
  const { id, startedAt, asked } = (one ?? {}) as Partial<KeptDownload>;
  return typeof id === 'string' && typeof startedAt === 'string' && typeof asked?.model === 'string';
}
