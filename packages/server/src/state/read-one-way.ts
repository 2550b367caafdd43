/**
 * Characters with a special meaning to shells, globs, URLs, path lists or the file systems of other systems: `*`,
 * `{a,b}`, `$HOME`, `%2e`, `a:b`, `a|b`, `~`.
 */
const OF_SOME = /[*?[\]{}$`<>|"\\:;~]|%[0-9A-Fa-f]{2}/;
/** Names that a program that reads a list would split: `a,b`. A blank or comma inside a name is otherwise literal. */
const LIST = /,[./~]|[,\s]$|^[\s,]/;

/** Characters that many programs drop from a name. */
const UNSHOWN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/**
 * The names of a folder itself or its parent, and texts with a separator: `..` may be written with the single character
 * U+2025, `/` with U+FF0F.
 */
const PLACES = /^[.\s]*$|[/\\]/;

/** Whether every program reads a name literally. Existing names are opened as they are; new ones must be plain. */
export const isReadOneWay = (name: string): boolean =>
  !OF_SOME.test(name) && !LIST.test(name) && !PLACES.test(name.replace(UNSHOWN, '').normalize('NFKC'));
