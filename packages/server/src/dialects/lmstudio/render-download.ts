import type { DownloadState } from '../../downloads/download-job.ts';
import type { StartedDownload } from '../../downloads/downloads.ts';

type Json = Readonly<Record<string, unknown>>;

/** The answer to `POST /api/v1/models/download`. */
export function renderStarted(started: StartedDownload): Json {
  if (!started.isNew) {
    return { status: 'already_downloaded', model: started.model, total_size_bytes: started.totalBytes };
  }
  const { id, model, totalBytes, startedAt } = started.job;
  return { job_id: id, model, status: 'downloading', total_size_bytes: totalBytes, started_at: startedAt };
}

/** The answer to `GET /api/v1/models/download/status/:job_id`; `model` and `error` are additions to LM Studio's. */
export function renderDownload(job: DownloadState, now: Date): Json {
  const { bytesPerSecond: speed, totalBytes, downloadedBytes, completedAt, problem } = job;
  const seconds = speed === undefined ? undefined : (totalBytes - downloadedBytes) / speed;
  const isRunning = job.status === 'downloading';
  return {
    job_id: job.id,
    model: job.model,
    status: job.status === 'cancelled' ? 'failed' : job.status,
    total_size_bytes: totalBytes,
    downloaded_bytes: downloadedBytes,
    started_at: job.startedAt,
    ...(isRunning && speed !== undefined ? { bytes_per_second: Math.round(speed) } : {}),
    ...(isRunning && seconds !== undefined && seconds < 1e8
      ? { estimated_completion: new Date(now.getTime() + seconds * 1000).toISOString() }
      : {}),
    ...(completedAt === undefined ? {} : { completed_at: completedAt }),
    ...(job.status === 'cancelled' ? { error: 'It was cancelled.' } : problem === undefined ? {} : { error: problem }),
  };
}
