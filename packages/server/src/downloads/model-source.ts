import { DownloadFailure } from './download-failure.ts';

/** What a request to download names. */
export type ModelSource =
  | {
      readonly kind: 'repository';
      readonly publisher: string;
      readonly repository: string;
      readonly revision: string;
      /** One file of it; absent: a quantization is chosen. */
      readonly path?: string;
      readonly quantization?: string;
    }
  | { readonly kind: 'file'; readonly url: string; readonly publisher: string; readonly file: string };

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const FILE = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,195}\.gguf$/i;
const REPOSITORY = /^([^/@]+)\/([^/@]+)(?:@([^/@]+))?$/;

/**
 * Reads `publisher/repository`, `publisher/repository@q4_k_m`, the URL of a repository or of a file in one, or the URL
 * of any other GGUF file. Throws DownloadFailure. Names that could lead out of the models folder are refused.
 */
export function readModelSource(model: string, quantization: string | undefined, baseUrl: string): ModelSource {
  if (!/^https?:\/\//i.test(model)) {
    const [, publisher = '', repository = '', variant] = REPOSITORY.exec(model) ?? [];
    requireNames(publisher, repository);
    const wanted = quantization ?? variant;
    return {
      kind: 'repository',
      publisher,
      repository,
      revision: 'main',
      ...(wanted === undefined ? {} : { quantization: wanted }),
    };
  }
  if (!URL.canParse(model)) throw new DownloadFailure('The URL is not valid.');
  const url = new URL(model);
  const [publisher = '', repository = '', how, revision = 'main', ...rest] = decoded(url.pathname.split('/').slice(1));
  if (url.origin === new URL(baseUrl).origin) {
    requireNames(publisher, repository);
    const shared = { kind: 'repository', publisher, repository } as const;
    if (how === undefined || how === '') {
      return { ...shared, revision: 'main', ...(quantization === undefined ? {} : { quantization }) };
    }
    if (['resolve', 'blob'].includes(how) && NAME.test(revision) && isFilePath(rest)) {
      return { ...shared, revision, path: rest.join('/') };
    }
    throw new DownloadFailure('The URL is neither that of a repository nor that of a GGUF file in one.');
  }
  const file = decoded(url.pathname.split('/')).at(-1) ?? '';
  if (!FILE.test(file)) throw new DownloadFailure('The URL does not end with the name of a GGUF file.');
  requireNames(url.hostname, file);
  return { kind: 'file', url: url.href, publisher: url.hostname, file };
}

/** Whether a path in a repository is one of a GGUF file that can be kept under its own name. */
export const isFilePath = (parts: readonly string[]): boolean =>
  FILE.test(parts.at(-1) ?? '') && parts.length <= 4 && parts.slice(0, -1).every((part) => NAME.test(part));

function requireNames(publisher: string, repository: string): void {
  if (NAME.test(publisher) && /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/.test(repository)) return;
  throw new DownloadFailure(
    'A model is named publisher/repository, with letters, digits, dots and hyphens, or by a URL.',
  );
}

function decoded(parts: readonly string[]): readonly string[] {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    throw new DownloadFailure('The URL is not valid.');
  }
}
