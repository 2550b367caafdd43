import { call } from './call.ts';

/** What is asked of a download. */
export interface DownloadAsked {
  /** `publisher/repository`, `publisher/repository@q4_k_m`, or a URL. */
  readonly model: string;
  readonly quantization?: string;
}

/** The answer to a request to download; without an id the model is there already. */
export interface StartedDownload {
  readonly job_id?: string;
  readonly model: string;
  readonly started_at?: string;
}

/** A download as the server tells it. */
export interface Download {
  readonly job_id: string;
  readonly model: string;
  readonly status: 'downloading' | 'completed' | 'failed';
  readonly total_size_bytes: number;
  readonly downloaded_bytes: number;
  /** Absent while nothing comes. */
  readonly bytes_per_second?: number;
  /** RFC 3339. */
  readonly estimated_completion?: string;
  /** Why it failed. */
  readonly error?: string;
}

/** Starts a download, or joins the one of the same files. It goes on at the server when the page is left. */
export const startDownload = (asked: DownloadAsked): Promise<StartedDownload> =>
  call('POST', '/api/v1/models/download', { body: asked });

export const readDownload = (id: string, signal: AbortSignal): Promise<Download> =>
  call('GET', `/api/v1/models/download/status/${encodeURIComponent(id)}`, { signal });

/** Ends a download, and removes what is there of it. */
export const cancelDownload = (id: string): Promise<unknown> =>
  call('POST', '/api/v1/models/download/cancel', { body: { job_id: id } });
