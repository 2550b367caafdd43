import { ApiError, isFinal } from '../api/api-error.ts';
import { type Download, readDownload } from '../api/downloads.ts';
import { passed } from './passed.ts';

const POLL_MILLISECONDS = 1000;

export interface DownloadListener {
  onState(download: Download): void;
  /** A failure that passes is followed by other attempts. */
  onFailure(error: unknown): void;
}

/** Reads how far a download is until it has ended or the signal fires. Nothing is asked while the page is out of sight. */
export async function followDownload(
  id: string,
  { onState, onFailure }: DownloadListener,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const download = await readDownload(id, signal);
      if (signal.aborted) return;
      onState(download);
      if (download.status !== 'downloading') return;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
      if (error instanceof ApiError && isFinal(error)) return;
    }
    await passed(POLL_MILLISECONDS, signal);
  }
}
