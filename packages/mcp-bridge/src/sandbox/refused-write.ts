/** What systems and languages say of a write to a place that is read-only. */
const readOnly = ['EROFS', 'ead-only file system'];

/** Whether a text says that a write was refused because its place is read-only, as places in a sandbox are. */
export const speaksOfReadOnly = (text: string): boolean => readOnly.some((words) => text.includes(words));

/** What an operator can do about it. */
export const refusedWrite =
  'its sandbox refused a write: it may write its own home, /tmp and the folders that its entry names in "cwd", "args" or "env"';
