/**
 * What shells, globs, URLs, lists of paths and other systems' file systems give a meaning of their own: `*`, `{a,b}`, `$HOME`,
 * `%2e`, `a:b`, `a|b`, `~`.
 */
const OF_SOME = /[*?[\]{}$`<>|"\\:;~]|%[0-9A-Fa-f]{2}/;
/** Two names to whatever reads a list: `a,b`. A blank or comma inside a name is read as it is. */
const LIST = /,[./~]|[,\s]$|^[\s,]/;

/** What many programs leave out of a name. */
const UNSHOWN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/** A folder by its own name or its parent's, or several names: `..` may be written with the one character U+2025, `/` with U+FF0F. */
const PLACES = /^[.\s]*$|[/\\]/;

/** Says whether a name is read literally wherever names are read. Names that exist are opened as they are; new ones must be plain. */
export const isReadOneWay = (name: string): boolean =>
  !OF_SOME.test(name) && !LIST.test(name) && !PLACES.test(name.replace(UNSHOWN, '').normalize('NFKC'));
