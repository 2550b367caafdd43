/** Invisible characters, which many readers drop. */
const IGNORED = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu;
/** Separators between the words of a name, or around it. */
const BETWEEN = /[\p{Z}\p{P}]/gu;
const PLAIN = /^[A-Z0-9]*$/;

/**
 * Folds a text as readers do that treat several spellings as equal: compatibility forms become their plain forms
 * (Unicode NFKC: full width, ligatures, the Kelvin sign), invisible characters are removed, and case is ignored,
 * including the dotless i and the long s.
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
  // Some lowercase letters have no uppercase letter of their own, and vice versa: after both conversions all are equal.
  const folded = text.normalize('NFKC').replace(IGNORED, '').toLowerCase().toUpperCase();
  // For some readers the capital I with a dot is a single letter, for others an I with a combining mark.
  return folded.normalize('NFKD').replaceAll('I\u0307', 'I').normalize('NFKC');
}

/**
 * Folds a name as readers do that bind names to fields: as {@link foldText}, and without blanks and punctuation, so
 * that `file_path`, `filePath`, `File-Path` and `file.path ` are equal.
 */
export function foldName(name: string): string {
  return foldText(name).replace(BETWEEN, '');
}
