/** What no reader shows, and many leave out. */
const IGNORED = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu;
/** Separators between the words of a name, or around it. */
const BETWEEN = /[\p{Z}\p{P}]/gu;
const PLAIN = /^[A-Z0-9]*$/;

/**
 * A text as readers compare it that take several spellings for one: compatibility forms as their plain ones (Unicode
 * NFKC: full width, ligatures, the Kelvin sign), without what is not shown, and without case, the dotless i and the
 * long s among it.
 *
 * @example
 * ```ts
 * import { foldText } from '@latchkey/auth-core';
 *
 * console.log(foldText('\u{ff30}ath') === foldText('path')); // true
 * ```
 */
export function foldText(text: string): string {
  const upper = text.toUpperCase();
  if (PLAIN.test(upper)) return upper;
  // Of the small letters some have no great one of their own, and the other way round: both ways, all of them meet.
  const folded = text.normalize('NFKC').replace(IGNORED, '').toLowerCase().toUpperCase();
  // The capital I with its dot is one letter to some, and an I with a mark to others.
  return folded.normalize('NFKD').replaceAll('I\u0307', 'I').normalize('NFKC');
}

/**
 * A name as those compare it that bind names to fields: as {@link foldText} does, and without blanks and punctuation,
 * so that `file_path`, `filePath`, `File-Path` and `file.path ` are one.
 */
export function foldName(name: string): string {
  return foldText(name).replace(BETWEEN, '');
}
