import { unsafe } from 'ini';

const HEADER = /^\[([^\]]*)\]\s*$/;
const COMMENT_OR_BLANK = /^\s*(?:[;#]|$)/;

/**
 * Sets the keys of a section, which is made when it is not there; undefined removes a key. Everything else stays as it
 * is, comments among it: the `ini` package would drop them.
 */
export function setInSection(
  text: string,
  section: string,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const entries = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${quoted(value)}`],
  );
  const lines: string[] = [];
  let done = false;
  for (const line of linesOf(text)) {
    const isOurs = line.section === section;
    if (isOurs && !line.isHeader && Object.hasOwn(values, keyOf(line.text))) continue;
    lines.push(line.text);
    if (!isOurs || !line.isHeader || done) continue;
    lines.push(...entries);
    done = true;
  }
  if (!done) lines.push(...(lines.length > 0 ? [''] : []), `[${section}]`, ...entries);
  return join(lines);
}

/** Removes a section, but not the comments at its end, which stand above the next one. */
export function removeSection(text: string, section: string): string {
  const lines = linesOf(text);
  return join(
    lines
      .filter((line, index) => {
        if (line.section !== section) return true;
        const next = lines.slice(index).find(({ text: other, isHeader }) => isHeader || !COMMENT_OR_BLANK.test(other));
        return next !== undefined && next.section !== section;
      })
      .map((line) => line.text),
  );
}

interface Line {
  readonly text: string;
  /** The section that it is in; undefined above the first. */
  readonly section: unknown;
  readonly isHeader: boolean;
}

function linesOf(text: string): readonly Line[] {
  let section: unknown;
  return text
    .replace(/\s+$/, '')
    .split(/\r\n|\r|\n/)
    .filter((line, index, all) => all.length > 1 || index > 0 || line !== '')
    .map((line) => {
      const header = COMMENT_OR_BLANK.test(line) ? undefined : HEADER.exec(line)?.[1];
      if (header !== undefined) section = unsafe(header);
      return { text: line, section, isHeader: header !== undefined };
    });
}

/** The key that a line sets; nothing that is one for a comment. */
function keyOf(line: string): string {
  return COMMENT_OR_BLANK.test(line) ? '' : String(unsafe(line.split('=', 1)[0] ?? '')).replace(/\[\]$/, '');
}

const join = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);

/** As it is, or in JSON's quotes, which `ini` reads; what that package writes it can't always read again. */
const quoted = (value: string): string => (/^[\w:./@+-]+$/.test(value) ? value : JSON.stringify(value));
