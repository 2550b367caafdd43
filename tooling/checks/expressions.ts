import type { SourceFile } from './sources.ts';

/** A regular expression literal in a source file. */
export interface Expression {
  readonly path: string;
  readonly source: string;
  readonly flags: string;
}

/** After these a slash begins a regular expression; it is not a division. */
const BEFORE = /(?:^|[(,=:[!&|?{};+*%<>~^]|\b(?:return|typeof|case|of|in))\s*$/;

/** The regular expression literals of a file; comments, strings and templates are skipped. */
export function expressionsOf({ path, text }: SourceFile): readonly Expression[] {
  const found: Expression[] = [];
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (two === '//') at = endAt(text, '\n', at);
    else if (two === '/*') at = endAt(text, '*/', at + 2) + 1;
    else if (text[at] === '"' || text[at] === "'" || text[at] === '`') at = endOfText(text, at);
    else if (text[at] === '/' && BEFORE.test(text.slice(Math.max(0, at - 40), at).trimEnd())) {
      const end = endOfExpression(text, at);
      const [flags = ''] = /^[a-z]*/.exec(text.slice(end + 1)) ?? [];
      found.push({ path, source: text.slice(at + 1, end), flags });
      at = end + flags.length;
    }
  }
  return found;
}

function endAt(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === text[start]) return at;
  }
  return text.length;
}

function endOfExpression(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) return at;
  }
  return text.length;
}
