import { z } from 'zod';
import { list } from '../input/bounded.ts';
import type { AllowedFetch } from './allowed-fetch.ts';
import { DownloadFailure } from './download-failure.ts';
import { isFilePath, type ModelSource } from './model-source.ts';
import { chooseVariant } from './quantization.ts';
import { readBounded } from './read-bounded.ts';
import type { RemoteFile, RemoteModel } from './remote-model.ts';

/** A repository has at most this many files. */
const MOST_FILES = 20_000;
const LISTING_BYTES = 16 * 2 ** 20;

const entrySchema = z.looseObject({
  type: z.string().max(32),
  path: z.string().max(1024),
  size: z.int().min(0).optional(),
  lfs: z
    .looseObject({
      oid: z
        .string()
        .regex(/^[0-9a-f]{64}$/i)
        .optional(),
      size: z.int().min(0).optional(),
    })
    .optional(),
});
const listingSchema = list(entrySchema, MOST_FILES);

/** Finds the files of a model at its source. Throws DownloadFailure. */
export async function findRemoteModel(
  source: ModelSource,
  baseUrl: string,
  open: AllowedFetch,
  signal: AbortSignal,
): Promise<RemoteModel> {
  if (source.kind === 'file') {
    const bytes = await lengthOf(source.url, open, signal);
    const { publisher, file, url } = source;
    return { publisher, repository: file.replace(/\.gguf$/i, ''), files: [{ url, name: file, bytes }] };
  }
  const { publisher, repository, revision, path, quantization } = source;
  const root = baseUrl.replace(/\/$/, '');
  const place = `${publisher}/${repository}`;
  const files = (await listRepository(`${root}/api/models/${place}/tree/${revision}?recursive=true`, open, signal))
    .filter((entry) => entry.type === 'file' && isFilePath(entry.path.split('/')))
    .flatMap(({ path: name, size, lfs }): RemoteFile[] => {
      const bytes = lfs?.size ?? size;
      if (bytes === undefined || bytes === 0) return [];
      const url = `${root}/${place}/resolve/${revision}/${name.split('/').map(encodeURIComponent).join('/')}`;
      return [{ url, name, bytes, ...(lfs?.oid === undefined ? {} : { sha256: lfs.oid.toLowerCase() }) }];
    });
  const chosen = chooseVariant(files, { place, path, quantization });
  return { publisher, repository, files: chosen.map((file) => ({ ...file, name: file.name.split('/').at(-1) ?? '' })) };
}

async function listRepository(url: string, open: AllowedFetch, signal: AbortSignal) {
  using answer = await open(url, { accept: 'application/json' }, signal);
  const { status } = answer.response;
  if (status === 404) throw new DownloadFailure('There is no such repository.', { status });
  if (status === 401 || status === 403) {
    throw new DownloadFailure('The repository is not public, or there is none. See downloads.tokenVariable.', {
      status,
    });
  }
  if (status !== 200) throw new DownloadFailure(`${answer.url.hostname} answered with HTTP ${status}.`, { status });
  const parsed = listingSchema.safeParse(toJson(await readBounded(answer.response, LISTING_BYTES)));
  if (!parsed.success) throw new DownloadFailure(`${answer.url.hostname} did not answer with a list of files.`);
  return parsed.data;
}

/** How long a file is that is in no repository. */
async function lengthOf(url: string, open: AllowedFetch, signal: AbortSignal): Promise<number> {
  using answer = await open(url, { range: 'bytes=0-0' }, signal);
  const { status, headers } = answer.response;
  const range = /^bytes 0-\d{1,15}\/(\d{1,15})$/.exec(headers.get('content-range') ?? '')?.[1];
  const length = status === 206 ? range : status === 200 ? (headers.get('content-length') ?? undefined) : undefined;
  if (status === 404) throw new DownloadFailure('There is no such file.', { status });
  if (length !== undefined && /^\d{1,15}$/.test(length)) return Number(length);
  throw new DownloadFailure(
    status === 200 || status === 206
      ? `${answer.url.hostname} does not say how long the file is.`
      : `${answer.url.hostname} answered with HTTP ${status}.`,
    { status },
  );
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
