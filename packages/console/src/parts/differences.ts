import { writeJson } from './write-json.ts';

/** The arguments of a call. */
export type Arguments = Readonly<Record<string, unknown>>;

/** An argument that differs, as JSON; undefined where it is absent. */
export interface Difference {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The arguments that differ, as JSON. */
export function differences(before: Arguments, after: Arguments): readonly Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, before: textAt(before, name), after: textAt(after, name) }))
    .filter((one) => one.before !== one.after);
}

const textAt = (value: Arguments, name: string): string | undefined =>
  Object.hasOwn(value, name) ? writeJson(value[name], 0) : undefined;
