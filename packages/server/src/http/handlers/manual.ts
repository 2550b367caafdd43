import { type BuiltFile, isServed, noSuchFile, pagePolicy, readBuiltFiles, toFileReply } from '../built-files.ts';
import type { Handler } from '../step.ts';

/** The pages are text and one style sheet; no script runs. */
const HEADERS = pagePolicy(["style-src 'self'"]);

/** Where the build puts the pages. */
const FOLDER = new URL('../../../dist/manual/', import.meta.url);

/**
 * The documentation: `/docs` leads to its first page, `/docs/PAGE` is a page, and `/docs/PAGE.md` its Markdown.
 * `/llms.txt` is the table of contents for language models.
 */
export function createManualHandler(folder: URL = FOLDER): Handler {
  let files: ReadonlyMap<string, BuiltFile> | undefined;
  return async (context) => {
    files ??= readBuiltFiles(folder);
    const path = context.path === '/llms.txt' ? 'llms.txt' : context.params.path;
    // Relative, since a proxy may have put a path in front of this server's.
    if (path === undefined) {
      return { status: 302, headers: { Location: context.path.endsWith('/') ? 'start' : 'docs/start' } };
    }
    const found = files.get(isServed(path) ? path : `${path}.html`);
    if (found === undefined) throw noSuchFile(context.path, files.size === 0, 'documentation');
    return toFileReply(context, found, HEADERS);
  };
}
