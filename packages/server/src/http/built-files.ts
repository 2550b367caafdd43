import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ServerError } from '../contracts/server-error.ts';
import type { Reply, ReplyHeaders } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** A file of a build, read once. */
export interface BuiltFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly zipped: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/** Whether files with this ending are served. */
export const isServed = (path: string): boolean => extname(path) in TYPES;

/** What a page may do: `scripts` of this server only, or none; no page can frame it. */
export function pagePolicy(rules: readonly string[]): ReplyHeaders {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      ...rules,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  };
}

/**
 * The files of a build by their names below its folder; none when it was not built. Requests name files of this list
 * only.
 */
export function readBuiltFiles(folder: URL): ReadonlyMap<string, BuiltFile> {
  return new Map(namesIn(folder).map((name) => [name, readBuiltFile(folder, name)]));
}

/** The answer with a file, compressed for who takes it so. */
export function toFileReply(context: RequestContext, { type, bytes, zipped }: BuiltFile, headers: ReplyHeaders): Reply {
  const isZipped = /\bgzip\b/.test(context.get('accept-encoding') ?? '');
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': type,
      Vary: 'Accept-Encoding',
      ...(isZipped && { 'Content-Encoding': 'gzip' }),
    },
    body: { stream: once(isZipped ? zipped : bytes) },
  };
}

/** There is no such file, or the server was built without `what`. */
export const noSuchFile = (path: string, isUnbuilt: boolean, what: string): ServerError =>
  new ServerError(
    'NOT_FOUND',
    isUnbuilt ? `This server was built without its ${what}.` : `There is nothing at GET ${path.slice(0, 128)}.`,
  );

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

function namesIn(folder: URL): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter(isServed);
  } catch {
    return [];
  }
}

function readBuiltFile(folder: URL, name: string): BuiltFile {
  const bytes = readFileSync(new URL(encodeURI(name), folder));
  return { type: TYPES[extname(name)] ?? '', bytes, zipped: gzipSync(bytes, { level: 9 }) };
}
