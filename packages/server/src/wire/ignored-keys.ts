/** The most names, and the most characters of each: they are sent in a header. */
const MOST = 32;
const NAME_CHARACTERS = 64;

/** Collects the keys of a request that have no effect, by path, e.g. `draft_model`, `messages[].cache_control`. */
export class IgnoredKeys {
  readonly #names = new Set<string>();

  /** Adds the keys of `object` that are not `known`; a null value counts as absent. */
  note(place: string, object: object, known: ReadonlySet<string>): void {
    for (const [key, value] of Object.entries(object)) {
      if (!known.has(key) && value !== null && value !== undefined) this.add(place === '' ? key : `${place}.${key}`);
    }
  }

  add(name: string): void {
    if (this.#names.size < MOST) this.#names.add(name.slice(0, NAME_CHARACTERS).replaceAll(/[^\w.[\]-]/g, '_'));
  }

  list(): readonly string[] {
    return [...this.#names];
  }
}

export const keys = (...names: readonly string[]): ReadonlySet<string> => new Set(names);
