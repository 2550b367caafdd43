import { type Steps, StepsUsedUp } from '../matching/steps.ts';
import type { AskedPath } from '../schema/evaluate.ts';
import type { ArgumentConstraint } from '../schema/json-schema.ts';
import { isJsonObject } from '../schema/json-value.ts';

/** How a path is looked up. */
export interface PathLookup {
  /** Whether a file with further names (hard links) is accepted. */
  readonly hardLinks: boolean;
  /** Counts the work of the look-up; throws when that is too much, and the decision is then a denial. */
  readonly spend: (steps: number) => void;
}

/** The real path of a path, symbolic links followed, or undefined to refuse it. */
export type ResolvePath = (path: string, lookup: PathLookup) => string | undefined;

/** The paths of one decision. Each is looked up once, so a link that changes meanwhile cannot lead to two places. */
export interface AskedPaths {
  /** Whether a grant has asked about a path. */
  readonly isAsked: (path: string) => boolean;
  /** Whether any path has been asked about. */
  readonly hasAny: () => boolean;
  /** Whether a path is written inside its folder; nothing is looked up. */
  readonly isWritten: (asked: AskedPath) => boolean;
  /** Whether a path that is written inside its folder is really there, with links resolved. */
  readonly isReal: (asked: AskedPath) => boolean;
  /**
   * The arguments with real paths in the places where a rule wants a path inside a folder; the same object if none
   * changes.
   */
  readonly inPlace: (constraints: Constraints, values: Values) => Values;
}

type Values = Readonly<Record<string, unknown>>;
type Constraints = Readonly<Record<string, ArgumentConstraint>>;

const STEPS_A_LOOKUP = 2000;
const STEPS_AN_ITEM = 100;

export function createAskedPaths(resolvePath: ResolvePath, steps: Steps): AskedPaths {
  const asked = new Set<string>();
  const real = new Map<string, string | undefined>();

  function lookUp(path: string, hardLinks: boolean): string | undefined {
    const key = `${hardLinks} ${path}`;
    if (!real.has(key)) {
      steps.spend(STEPS_A_LOOKUP);
      const found = resolveSafely(resolvePath, path, { hardLinks, spend: steps.spend });
      real.set(key, found);
      // The real path, which is sent, is judged again; it resolves to itself.
      if (found !== undefined) {
        real.set(`${hardLinks} ${found}`, found);
        asked.add(found);
      }
    }
    return real.get(key);
  }

  function place(constraint: ArgumentConstraint, value: unknown): unknown {
    steps.spend(STEPS_AN_ITEM);
    const { within, hardLinks = false, items, properties } = constraint;
    if (typeof value === 'string') return within === undefined ? value : lookUp(value, hardLinks);
    if (Array.isArray(value)) return items === undefined ? value : placeItems(items, value);
    return properties !== undefined && isJsonObject(value) ? placeIn(properties, value) : value;
  }

  function placeItems(constraint: ArgumentConstraint, list: readonly unknown[]): readonly unknown[] {
    const placed = list.map((item) => place(constraint, item));
    return placed.some((item, index) => item !== list[index]) ? placed : list;
  }

  function placeIn(constraints: Constraints, values: Values): Values {
    const placed = new Map<string, unknown>();
    for (const [name, constraint] of Object.entries(constraints)) {
      if (!Object.hasOwn(values, name)) continue;
      const sent = place(constraint, values[name]);
      if (sent !== values[name]) placed.set(name, sent);
    }
    if (placed.size === 0) return values;
    // fromEntries defines keys, so that `__proto__` is a key like any other.
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, placed.get(name) ?? value]));
  }

  return {
    isAsked: (path) => asked.has(path),
    hasAny: () => asked.size > 0,
    isWritten({ path, folder }) {
      asked.add(path);
      return isInside(path, folder);
    },
    isReal({ path, folder, hardLinks }) {
      const found = lookUp(path, hardLinks);
      return found !== undefined && isInside(found, folder);
    },
    inPlace: placeIn,
  };
}

function resolveSafely(resolvePath: ResolvePath, path: string, lookup: PathLookup): string | undefined {
  try {
    return resolvePath(path, lookup);
  } catch (error) {
    if (error instanceof StepsUsedUp) throw error;
    // Refused like any path that does not resolve, without the resolver's message, which may hold the path.
    return undefined;
  }
}

/** Compares both as they are written. A path that could lead up again is not inside any folder. */
function isInside(path: string, folder: string): boolean {
  const start = folder.endsWith('/') ? folder : `${folder}/`;
  return `${path}/`.startsWith(start) && !path.split('/').some((part) => part === '..' || part === '.');
}
