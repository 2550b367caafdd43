import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ServerError } from '../../contracts/server-error.ts';
import type { Reply, ReplyHeaders } from '../reply.ts';
import type { Handler } from '../step.ts';

/** A file of the console, read once. */
interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly zipped: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Only files of this server run, and no page can frame this one. Images of conversations are data; nothing else is. The
 * browser refuses to make a script of a text, wherever one comes from.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const PAGE_HEADERS: ReplyHeaders = {
  'Content-Security-Policy': POLICY,
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** The names of these files change with their content. */
const FOREVER: ReplyHeaders = { 'Cache-Control': 'public, max-age=31536000, immutable' };

/** The folder of these files, below the console. */
const ASSETS = 'assets/';

/** Where the build puts the console. */
const FOLDER = new URL('../../../dist/console/', import.meta.url);

/**
 * `/console` and everything below it. Each path that does not name a file is a page, and gets the same document, which
 * contains nothing of any caller.
 */
export function createConsoleHandler(folder: URL = FOLDER): Handler {
  let assets: ReadonlyMap<string, Asset> | undefined;
  return async (context) => {
    assets ??= readAssets(folder);
    const path = context.params.path ?? '';
    const isAsset = path.startsWith(ASSETS);
    // An id in the path of a page may contain a dot.
    const isPage = !isAsset && !(extname(path) in TYPES);
    const found = assets.get(isPage ? 'index.html' : path);
    if (found === undefined) throw notFound(context.path, assets.size === 0);
    const isZipped = /\bgzip\b/.test(context.get('accept-encoding') ?? '');
    return toReply(found, isZipped, isAsset ? FOREVER : {});
  };
}

function toReply({ type, bytes, zipped }: Asset, isZipped: boolean, caching: ReplyHeaders): Reply {
  return {
    status: 200,
    headers: {
      ...PAGE_HEADERS,
      ...caching,
      'Content-Type': type,
      Vary: 'Accept-Encoding',
      ...(isZipped && { 'Content-Encoding': 'gzip' }),
    },
    body: { stream: once(isZipped ? zipped : bytes) },
  };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** Reads the files of the build; none when it was not built. Requests name files of this list only. */
function readAssets(folder: URL): ReadonlyMap<string, Asset> {
  const names = ['', ASSETS].flatMap((below) => namesIn(folder, below));
  return new Map(names.map((name) => [name, readAsset(folder, name)]));
}

function namesIn(folder: URL, below: string): readonly string[] {
  try {
    return readdirSync(new URL(below, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map(({ name }) => `${below}${name}`);
  } catch {
    return [];
  }
}

function readAsset(folder: URL, name: string): Asset {
  const bytes = readFileSync(new URL(name, folder));
  return { type: TYPES[extname(name)] ?? '', bytes, zipped: gzipSync(bytes, { level: 9 }) };
}

const notFound = (path: string, isUnbuilt: boolean): ServerError =>
  new ServerError(
    'NOT_FOUND',
    isUnbuilt ? 'This server was built without its console.' : `There is nothing at GET ${path.slice(0, 128)}.`,
  );
