/** `include_tools`, `includeTools` and `include-tools` are one key. */
export const foldKey = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Keys of other hosts that only ever give more: they have no effect here. */
const granting = /^(auto(approve|allow|run|accept|start)|alwaysallow|trust|yolo)/;
/** What takes something away, by how hosts name it. */
const narrowing =
  /tool|deny|denied|exclud|block|restrict|filter|readonly|forbid|forbidden|permission|approv|confirm|whitelist|allowlist|blacklist|^allow(ed)?$|^includ|disabl|inactive|hidden/;
/** These name tools, and leave none out. */
const harmless = /timeout|prefix|separator|descri|cache|label|^tools?(et)?(count|version)$/;
const nothing: ReadonlySet<unknown> = new Set([null, false, '', 'never', 'none', 'off']);

/** Whether a key only ever gives more, so that it can be read over. */
export const isGranting = (key: string): boolean => granting.test(foldKey(key));

/**
 * Whether a key that is not understood may take something away. What its author left out must not be offered, so that an entry with
 * such a key is held back.
 */
export function mayNarrow(key: string, value: unknown): boolean {
  const folded = foldKey(key);
  return !granting.test(folded) && !harmless.test(folded) && narrowing.test(folded) && !nothing.has(value);
}
