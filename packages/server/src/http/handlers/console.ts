import { type BuiltFile, isServed, noSuchFile, pagePolicy, readBuiltFiles, toFileReply } from '../built-files.ts';
import type { ReplyHeaders } from '../reply.ts';
import type { Handler } from '../step.ts';

/**
 * Only files of this server run. Images of conversations are data; nothing else is. The browser refuses to make a script
 * of a text, wherever one comes from.
 */
const HEADERS = pagePolicy(["script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"]);

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
  let files: ReadonlyMap<string, BuiltFile> | undefined;
  return async (context) => {
    files ??= readBuiltFiles(folder);
    const path = context.params.path ?? '';
    const isAsset = path.startsWith(ASSETS);
    // An id in the path of a page may contain a dot.
    const isPage = !isAsset && !isServed(path);
    const found = files.get(isPage ? 'index.html' : path);
    if (found === undefined) throw noSuchFile(context.path, files.size === 0, 'console');
    return toFileReply(context, found, { ...HEADERS, ...(isAsset && FOREVER) });
  };
}
