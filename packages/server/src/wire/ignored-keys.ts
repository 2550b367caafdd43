/** How many names are kept, and of how many characters each: they go into a header. */
const MOST = 32;
const NAME_CHARACTERS = 64;

/** Collects what of a request has no effect, by its place, e.g. `draft_model`, `messages[].cache_control`. */
export class IgnoredKeys {
  readonly #names = new Set<string>();

  /** Notes the keys of `object` that are not `known`; null is nothing said. */
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
