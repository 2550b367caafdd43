import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open as openFile, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { AllowedFetch } from './allowed-fetch.ts';
import { DownloadFailure } from './download-failure.ts';
import type { RemoteFile } from './remote-model.ts';
import { guardAgainstStalls } from './stall-guard.ts';

export interface FetchFileOptions {
  readonly open: AllowedFetch;
  readonly signal: AbortSignal;
  /** A transfer of which nothing comes for this long is tried again. */
  readonly stallMilliseconds: number;
  /** The wait before the second attempt; each further one doubles it. */
  readonly retryMilliseconds: number;
  /** The validator of the version of which `part` holds the beginning. */
  readonly etag: string | undefined;
  /** Called before the first byte of a version is written. */
  readonly onVersion: (etag: string | undefined) => Promise<void>;
  /** Called with the bytes that are in `part`. */
  readonly onProgress: (bytes: number) => void;
}

/** Attempts without a new byte, after which a download has failed. */
const MOST_ATTEMPTS = 5;
const LONGEST_WAIT = 30_000;
const FOREVER: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 410, 451]);

/**
 * Downloads a file to `part`, from where an earlier attempt ended, and verifies it. When it throws DownloadFailure,
 * `part` holds a beginning that can be continued, or nothing.
 */
export async function fetchFile(file: RemoteFile, part: string, options: FetchFileOptions): Promise<void> {
  let { etag } = options;
  for (let attempts = 1; ; attempts += 1) {
    const before = await sizeOf(part);
    if (before === file.bytes) break;
    try {
      await attempt(file, part, before, { ...options, etag }, async (version) => {
        etag = version;
        await options.onVersion(version);
      });
      break;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof DownloadFailure) || !error.isPassing) throw error;
      if ((await sizeOf(part)) > before) attempts = 0;
      if (attempts >= MOST_ATTEMPTS) throw error;
    }
    const pause = Math.min(LONGEST_WAIT, options.retryMilliseconds * 2 ** Math.max(0, attempts - 1));
    await wait(pause, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
  }
  await verify(file, part, options.signal);
}

async function attempt(
  file: RemoteFile,
  part: string,
  had: number,
  { open, signal, stallMilliseconds, etag, onProgress }: FetchFileOptions,
  onVersion: (etag: string | undefined) => Promise<void>,
): Promise<void> {
  // Without a validator and a checksum, the rest could be that of another version.
  const resumes = had > 0 && had < file.bytes && (etag !== undefined || file.sha256 !== undefined);
  const headers = resumes ? { range: `bytes=${had}-`, ...(etag === undefined ? {} : { 'if-range': etag }) } : {};
  using guard = guardAgainstStalls(stallMilliseconds, signal);
  try {
    using answer = await open(file.url, headers, guard.signal);
    const start = startOf(answer.response, answer.url.hostname, file, resumes ? had : 0);
    await onVersion(strongEtag(answer.response));
    await using handle = await openFile(part, start === 0 ? 'w' : 'a', 0o644);
    await write(handle, answer.response, { start, most: file.bytes }, (bytes) => {
      guard.touch();
      onProgress(bytes);
    });
    await handle.sync();
  } catch (error) {
    if (guard.signal.aborted && !signal.aborted) throw guard.signal.reason;
    throw await asFailure(error, part);
  }
  const has = await sizeOf(part);
  if (has < file.bytes) {
    throw new DownloadFailure(`The connection ended after ${has} of ${file.bytes} bytes.`, { isPassing: true });
  }
}

/** At which byte of the file an answer begins. Throws DownloadFailure when it is not the file that was announced. */
function startOf({ status, headers }: Response, host: string, { bytes }: RemoteFile, asked: number): number {
  if (status === 206) {
    const [, first, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(first) === asked && Number(total) === bytes) return asked;
    throw new DownloadFailure(`${host} sent another part of the file than it was asked for.`);
  }
  if (status !== 200) {
    const isPassing = !FOREVER.has(status);
    throw new DownloadFailure(`${host} answered with HTTP ${status}.`, { status, isPassing });
  }
  const length = headers.get('content-length');
  if (length !== null && Number(length) !== bytes) {
    throw new DownloadFailure(`${host} has a file of ${length} bytes; one of ${bytes} was announced.`);
  }
  return 0;
}

async function write(
  handle: FileHandle,
  { body }: Response,
  { start, most }: { readonly start: number; readonly most: number },
  onProgress: (bytes: number) => void,
): Promise<void> {
  let bytes = start;
  for await (const piece of body ?? []) {
    if (bytes + piece.length > most) throw new DownloadFailure(`More bytes came than the ${most} that were announced.`);
    await handle.writeFile(piece);
    bytes += piece.length;
    onProgress(bytes);
  }
}

/** Why a transfer has ended, in words; what the network or the disk does may pass. */
async function asFailure(error: unknown, part: string): Promise<unknown> {
  if (error instanceof DownloadFailure) {
    // What is there of it is not the beginning of the announced file.
    if (!error.isPassing && error.status === undefined) await rm(part, { force: true });
    return error;
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DownloadFailure('The disk is full.', { cause: error });
  if (/^E(ACCES|PERM|ROFS|IO)$/.test(code)) {
    return new DownloadFailure(`The models folder cannot be written (${code}).`, { cause: error });
  }
  return new DownloadFailure('The connection broke.', { cause: error, isPassing: true });
}

/** A weak validator does not say that the bytes are the same. */
function strongEtag({ headers }: Response): string | undefined {
  const etag = headers.get('etag');
  return etag === null || !/^"[^"]{1,256}"$/.test(etag) ? undefined : etag;
}

/** Throws DownloadFailure when the bytes are not those that were announced; nothing of them is kept then. */
async function verify({ name, bytes, sha256 }: RemoteFile, part: string, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  let beginning = Buffer.alloc(0);
  for await (const piece of createReadStream(part, { signal })) {
    if (beginning.length < 4) beginning = Buffer.concat([beginning, piece as Buffer]).subarray(0, 4);
    hash.update(piece as Buffer);
  }
  const problem =
    beginning.toString('latin1') !== 'GGUF'
      ? `What came as ${name} is not a GGUF file.`
      : sha256 !== undefined && hash.digest('hex') !== sha256
        ? `The ${bytes} bytes of ${name} have another checksum than was announced.`
        : undefined;
  if (problem === undefined) return;
  await rm(part, { force: true });
  throw new DownloadFailure(problem);
}

/** 0 for a file that is not there. */
export const sizeOf = async (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
