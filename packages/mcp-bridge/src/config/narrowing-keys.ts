/** `include_tools`, `includeTools` and `include-tools` are one key. */
export const foldKey = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Keys of other hosts that only ever grant more: they have no effect here. */
const granting = /^(auto(approve|allow|run|accept|start)|alwaysallow|trust|yolo)/;
/** Matches keys that restrict something, as hosts name them. */
const narrowing =
  /tool|deny|denied|exclud|block|restrict|filter|readonly|forbid|forbidden|permission|approv|confirm|whitelist|allowlist|blacklist|^allow(ed)?$|^includ|disabl|inactive|hidden/;
/** These keys are about tools but exclude none. */
const harmless = /timeout|prefix|separator|descri|cache|label|^tools?(et)?(count|version)$/;
const nothing: ReadonlySet<unknown> = new Set([null, false, '', 'never', 'none', 'off']);

/** Whether a key only ever grants more, so that it can be ignored. */
export const isGranting = (key: string): boolean => granting.test(foldKey(key));

/**
 * Whether an unknown key may restrict something. Tools that the author excluded must not be offered, so an entry with
 * such a key is held back.
 */
export function mayNarrow(key: string, value: unknown): boolean {
  const folded = foldKey(key);
  return !granting.test(folded) && !harmless.test(folded) && narrowing.test(folded) && !nothing.has(value);
}
