import { randomBytes } from 'node:crypto';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from '../contracts/server-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AllowedFetch } from './allowed-fetch.ts';
import { DownloadFailure } from './download-failure.ts';
import { type DownloadJob, type DownloadState, totalOf } from './download-job.ts';
import { fetchFile, sizeOf } from './fetch-file.ts';
import { findRemoteModel } from './find-files.ts';
import { install, isInstalled, waitingFolder } from './install-model.ts';
import type { JobFiles } from './job-files.ts';
import { type ModelSource, readModelSource } from './model-source.ts';
import type { RemoteModel } from './remote-model.ts';
import { guardAgainstStalls } from './stall-guard.ts';

export interface DownloadsOptions {
  /** The models folder. */
  readonly models: string;
  readonly jobs: JobFiles;
  readonly baseUrl: string;
  readonly open: AllowedFetch;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly stallMilliseconds?: number;
  readonly retryMilliseconds?: number;
  /** The free bytes of a folder's disk. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** What a request to download was answered with. */
export type StartedDownload =
  | { readonly isNew: false; readonly model: string; readonly totalBytes: number }
  | { readonly isNew: true; readonly job: DownloadState };

interface Running {
  job: DownloadJob;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  bytes: number;
  /** When its transfer began, and what was there by then. */
  since: number;
  bytesBefore: number;
}

/** How many downloads run at once; others wait. */
const MOST_AT_ONCE = 2;
const MOST_UNFINISHED = 32;
const MOST_KEPT = 200;
/** Space that a download leaves free. */
const RESERVE_BYTES = 512 * 2 ** 20;

/**
 * The downloads of a server. They go on after their callers have left, and after a restart; what is not whole and
 * verified never gets a model's place.
 */
export class Downloads implements AsyncDisposable {
  readonly #options: DownloadsOptions;
  readonly #running = new Map<string, Running>();
  readonly #finished = new Map<string, DownloadJob>();
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #transfers = 0;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    const kept = options.jobs.read();
    const finished = kept.filter(({ status }) => status !== 'downloading');
    for (const job of finished.slice(0, -MOST_KEPT)) void this.#forget(job);
    for (const job of finished.slice(-MOST_KEPT)) this.#finished.set(job.id, job);
    for (const job of kept.filter(({ status }) => status === 'downloading')) this.#run(job);
  }

  /** The model that a request names, before anything of it is looked up. Throws ServerError `INVALID_REQUEST`. */
  read(model: string, quantization: string | undefined): { readonly key: string; readonly source: ModelSource } {
    try {
      const source = readModelSource(model, quantization, this.#options.baseUrl);
      const name = source.kind === 'file' ? source.file.replace(/\.gguf$/i, '') : source.repository;
      return { key: `${source.publisher}/${name}`, source };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Looks a model up. Throws ServerError `MODEL_NOT_FOUND`, `INVALID_REQUEST`, `DOWNLOAD_FAILED`. */
  async find(source: ModelSource, signal: AbortSignal): Promise<RemoteModel> {
    const { baseUrl, open, stallMilliseconds = 30_000 } = this.#options;
    using guard = guardAgainstStalls(stallMilliseconds, signal);
    try {
      return await findRemoteModel(source, baseUrl, open, guard.signal);
    } catch (error) {
      signal.throwIfAborted();
      throw refusalOf(guard.signal.aborted ? guard.signal.reason : error);
    }
  }

  /**
   * Starts a download of what was found, unless it is there, or joins the one that is running. Throws ServerError
   * `INSUFFICIENT_STORAGE`, `OVERLOADED`.
   *
   * @param act performs the start; nothing is downloaded when it throws
   */
  async start(found: RemoteModel, act: (start: () => Promise<void>) => Promise<void>): Promise<StartedDownload> {
    const model = `${found.publisher}/${found.repository}`;
    const totalBytes = totalOf(found);
    if (await isInstalled(this.#options.models, found)) return { isNew: false, model, totalBytes };
    const names = namesOf(found);
    const same = [...this.#running.values()].find(({ job }) => job.model === model && namesOf(job) === names);
    if (same !== undefined) return { isNew: true, job: this.#stateOf(same) };
    if (this.#running.size >= MOST_UNFINISHED) {
      throw new ServerError('OVERLOADED', `${MOST_UNFINISHED} downloads are running or waiting. Try again later.`);
    }
    await this.#requireSpace(totalBytes);
    // What is there of a download that has failed is continued.
    const failed = [...this.#finished.values()].findLast(
      (job) => job.status === 'failed' && job.model === model && isSame(job, found),
    );
    const job: DownloadJob = {
      ...found,
      model,
      id: failed?.id ?? `job_${randomBytes(5).toString('hex')}`,
      startedAt: this.#options.clock().toISOString(),
      status: 'downloading',
      etags: failed?.etags ?? {},
    };
    await act(() => this.#options.jobs.keep(job));
    this.#finished.delete(job.id);
    return { isNew: true, job: this.#stateOf(this.#run(job)) };
  }

  /** A download by its id. */
  status(id: string): DownloadState | undefined {
    const running = this.#running.get(id);
    if (running !== undefined) return this.#stateOf(running);
    const job = this.#finished.get(id);
    return job && { ...job, totalBytes: totalOf(job), downloadedBytes: job.status === 'completed' ? totalOf(job) : 0 };
  }

  /** Ends a download, and removes what is there of it. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    const finished = this.#finished.get(id);
    if (finished?.status === 'failed') {
      await rm(waitingFolder(this.#options.models, finished), { recursive: true, force: true });
      const job = { ...finished, status: 'cancelled' } as const;
      this.#finished.set(id, job);
      await this.#options.jobs.keep(job);
    }
    if (running === undefined) return;
    running.abort.abort(new DownloadFailure('It was cancelled.'));
    await running.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the server is going down'));
    for (const go of this.#waiting.splice(0)) go();
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  #run(job: DownloadJob): Running {
    const abort = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const running: Running = { job, abort, done, bytes: 0, since: performance.now(), bytesBefore: 0 };
    this.#running.set(job.id, running);
    void this.#carryOut(running)
      .catch((error: unknown) => this.#options.logger.error({ err: error, job: job.id }, 'a download was lost'))
      .finally(() => {
        this.#running.delete(job.id);
        resolve();
      });
    return running;
  }

  /** Ends with a job that is finished, or that is left for the next start when the server closes. */
  async #carryOut(running: Running): Promise<void> {
    const { logger, models } = this.#options;
    const signal = AbortSignal.any([running.abort.signal, this.#closing.signal]);
    const { id, model } = running.job;
    try {
      await this.#transfer(running, signal);
      await install(models, running.job);
      await this.#finish(running, { status: 'completed' });
      logger.info({ model, job: id }, 'a model was downloaded');
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (running.abort.signal.aborted) {
        await rm(waitingFolder(models, running.job), { recursive: true, force: true });
        await this.#finish(running, { status: 'cancelled' });
        logger.info({ model, job: id }, 'a download was cancelled');
        return;
      }
      const problem = error instanceof DownloadFailure ? error.message : 'The models folder cannot be written.';
      await this.#finish(running, { status: 'failed', problem });
      logger.warn({ model, job: id, err: error }, 'a download has failed');
    }
  }

  async #finish(running: Running, end: Pick<DownloadJob, 'status' | 'problem'>): Promise<void> {
    const job = { ...running.job, ...end, completedAt: this.#options.clock().toISOString() };
    running.job = job;
    this.#finished.set(job.id, job);
    const [oldest] = this.#finished.values();
    if (oldest !== undefined && this.#finished.size > MOST_KEPT) await this.#forget(oldest);
    await this.#options.jobs.keep(job);
  }

  async #forget(job: DownloadJob): Promise<void> {
    this.#finished.delete(job.id);
    await rm(waitingFolder(this.#options.models, job), { recursive: true, force: true }).catch(() => undefined);
    await this.#options.jobs.forget(job.id);
  }

  async #transfer(running: Running, signal: AbortSignal): Promise<void> {
    const { models, jobs, open, stallMilliseconds = 30_000, retryMilliseconds = 1000 } = this.#options;
    const folder = waitingFolder(models, running.job);
    await mkdir(folder, { recursive: true });
    using _turn = await this.#turn(signal);
    const parts = running.job.files.map(({ name }) => join(folder, name));
    const sizes = await Promise.all(parts.map(sizeOf));
    const sum = (): number => sizes.reduce((total, size) => total + size, 0);
    running.bytesBefore = running.bytes = sum();
    running.since = performance.now();
    for (const [index, file] of running.job.files.entries()) {
      await fetchFile(file, parts[index] ?? '', {
        ...{ open, signal, stallMilliseconds, retryMilliseconds, etag: running.job.etags[file.name] },
        onVersion: async (etag) => {
          const { [file.name]: _former, ...others } = running.job.etags;
          running.job = { ...running.job, etags: etag === undefined ? others : { ...others, [file.name]: etag } };
          await jobs.keep(running.job);
        },
        onProgress: (bytes) => {
          sizes[index] = bytes;
          running.bytes = sum();
        },
      });
      sizes[index] = file.bytes;
      running.bytes = sum();
    }
  }

  /** The right to transfer, in the order of the requests. */
  async #turn(signal: AbortSignal): Promise<Disposable> {
    while (this.#transfers >= MOST_AT_ONCE) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      signal.throwIfAborted();
    }
    this.#transfers += 1;
    return {
      [Symbol.dispose]: () => {
        this.#transfers -= 1;
        for (const go of this.#waiting.splice(0)) go();
      },
    };
  }

  async #requireSpace(bytes: number): Promise<void> {
    const { models, freeBytes = freeOf } = this.#options;
    await mkdir(models, { recursive: true });
    const free = await freeBytes(models);
    const kept = [...this.#running.values()].reduce((sum, { job, bytes: has }) => sum + totalOf(job) - has, 0);
    if (bytes + kept + RESERVE_BYTES <= free) return;
    const gigabytes = (size: number): string => `${(size / 1e9).toFixed(2)} GB`;
    throw new ServerError(
      'INSUFFICIENT_STORAGE',
      `The model has ${gigabytes(bytes)}, and the disk of the models folder has ${gigabytes(Math.max(0, free - kept))} ` +
        `free, of which ${gigabytes(RESERVE_BYTES)} stay free.`,
    );
  }

  #stateOf({ job, bytes, bytesBefore, since }: Running): DownloadState {
    const seconds = (performance.now() - since) / 1000;
    const speed = seconds > 0 ? (bytes - bytesBefore) / seconds : 0;
    return {
      ...job,
      totalBytes: totalOf(job),
      downloadedBytes: bytes,
      ...(speed > 0 ? { bytesPerSecond: speed } : {}),
    };
  }
}

/** Whether the files are those of which a beginning is there. */
const isSame = (job: DownloadJob, { files }: RemoteModel): boolean =>
  namesOf(job) === namesOf({ files }) &&
  job.files.every(({ bytes, sha256 }, index) => files[index]?.bytes === bytes && files[index]?.sha256 === sha256);

const namesOf = ({ files }: Pick<DownloadJob, 'files'>): string => files.map(({ name }) => name).join('/');

async function freeOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** An error of a request to download. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof DownloadFailure)) return error;
  const { message, status, isPassing } = error;
  const answers = status !== undefined && status !== 404 && status !== 401 && status !== 403;
  const code = status === 404 ? 'MODEL_NOT_FOUND' : isPassing || answers ? 'DOWNLOAD_FAILED' : 'INVALID_REQUEST';
  return new ServerError(code, message, { param: 'model', cause: error });
}
