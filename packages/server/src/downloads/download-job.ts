import type { RemoteFile } from './remote-model.ts';

/** A download, as it is kept until the next start. */
export interface DownloadJob {
  /** `job_` and ten hexadecimal digits. */
  readonly id: string;
  /** `publisher/repository`, with which grants are compared. */
  readonly model: string;
  readonly publisher: string;
  readonly repository: string;
  readonly files: readonly RemoteFile[];
  readonly startedAt: string;
  readonly status: 'downloading' | 'completed' | 'failed' | 'cancelled';
  readonly completedAt?: string;
  /** Why it failed. */
  readonly problem?: string;
  /** The validators of the versions whose beginnings are there, by file. */
  readonly etags: Readonly<Record<string, string>>;
}

/** A download at this moment. */
export interface DownloadState extends DownloadJob {
  readonly totalBytes: number;
  readonly downloadedBytes: number;
  /** Absent while nothing comes. */
  readonly bytesPerSecond?: number;
}

export const totalOf = ({ files }: Pick<DownloadJob, 'files'>): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);
