import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, isAbsolute, normalize } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { visibleLine } from '../visible-text.ts';
import { mayWrite } from './places.ts';

/** How programs and the system say that a file cannot be opened, made or changed. */
const refusal =
  /\b(?:EROFS|EACCES|EPERM|ENOENT)\b|\[Errno (?:1|2|13|30)\]|\bos error (?:1|2|13|30)\b|read-only file ?system|permission denied|operation not permitted|no such file or directory/i;
/** A path in quotes, which may have blanks; or one that ends at a blank or a colon. */
const path =
  /(['"`\u2018\u201c])(\/[^'"`\u2019\u201d\n]{1,512})['"`\u2019\u201d]|(?<![\w./~:-])(\/[^\s:;,'"`()<>|]{1,512})/g;
const longestLine = 2_000;
/** What a program says in the end tells why it failed. */
const mostCharacters = 65_536;
const mostPaths = 3;

/** The absolute paths in lines that say of a file that it could not be reached; a few at most, each once. */
export function refusedPaths(output: string): readonly string[] {
  const lines = output
    .slice(-mostCharacters)
    .split('\n')
    .filter((line) => refusal.test(line));
  const found = lines.flatMap((line) =>
    [...line.slice(0, longestLine).matchAll(path)].map(([, , quoted, plain = '']) => normalize(quoted ?? plain)),
  );
  return [...new Set(found)].slice(0, mostPaths * 4);
}

/**
 * Explains which of the paths that a program could not reach its sandbox keeps from it, and which setting gives them;
 * undefined when there is none. What this process cannot reach either is a matter of its user's rights, and what is not
 * there is not hidden.
 *
 * @param homes home folders of people, as they really are
 */
export function explainRefused(
  paths: readonly string[],
  { sandbox = 'auto' }: Pick<StdioServerEntry, 'sandbox'>,
  homes: readonly string[],
): string | undefined {
  const kept = paths.filter((one) => isAbsolute(one) && isInReach(one)).slice(0, mostPaths);
  const [first] = kept;
  if (first === undefined) return undefined;
  const folder = isFolderLike(first) ? first : dirname(first);
  const what = `its sandbox keeps it from ${kept.map(quoted).join(', ')}`;
  if (typeof sandbox === 'object')
    return `${what}: ${quoted(folder)} among "write" (or "read") in its "sandbox" gives it`;
  return mayWrite(folder, homes)
    ? `${what}: it may write the folders that its "args", its "env" and its "cwd" name, so name ${quoted(folder)} there`
    : `${what}: other programs run or read what is there, so that no name in its entry opens it`;
}

/** What a server says is shown to people. */
const quoted = (one: string): string => JSON.stringify(visibleLine(one));

/** A file that is there counts by itself, one that is not by the folder that it would be in. */
function isInReach(one: string): boolean {
  const place = existsSync(one) ? one : dirname(one);
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a name is probably that of a folder: it has no ending. */
const isFolderLike = (one: string): boolean => !/\.[^./]+$/.test(one);
