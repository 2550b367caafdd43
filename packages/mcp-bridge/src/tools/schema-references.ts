type Schema = Record<string, unknown>;

/** Words whose values are data and not schemas: a key `$ref` in them is no reference. */
const valueWords = new Set(['enum', 'const', 'default', 'example', 'examples', 'required']);
/** Words whose keys are names. */
const namedWords = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * Removes the references of a schema that lead nowhere: into another document, which is never fetched, to a place that
 * the schema does not have, or in a circle of references alone. What they would have said is left to the server to
 * check. Returns a sentence for each.
 */
export function dropLostReferences(root: Schema): readonly string[] {
  const anchors = new Map<string, Schema>();
  const referring: Schema[] = [];
  for (const schema of schemasOf(root)) {
    for (const word of ['$anchor', '$dynamicAnchor']) {
      const name = schema[word];
      if (typeof name === 'string') anchors.set(`#${name}`, schema);
    }
    if (schema.$ref !== undefined || schema.$dynamicRef !== undefined) referring.push(schema);
  }
  const find = (reference: unknown): unknown =>
    typeof reference === 'string' ? (anchors.get(reference) ?? atPointer(root, reference)) : undefined;
  const notes = new Set<string>();
  for (const schema of referring) {
    for (const word of ['$ref', '$dynamicRef'] as const) {
      const reference = schema[word];
      if (reference === undefined || leadsSomewhere(schema, word, find)) continue;
      delete schema[word];
      const isOutside = typeof reference === 'string' && !reference.startsWith('#');
      notes.add(
        isOutside
          ? 'refers to another document, which is not fetched: what it says is left to the server to check'
          : 'has a reference that leads nowhere, which is left to the server to check',
      );
    }
  }
  return [...notes];
}

/** Whether a reference arrives at a schema, however many others it leads through. */
function leadsSomewhere(from: Schema, word: '$ref' | '$dynamicRef', find: (reference: unknown) => unknown): boolean {
  const passed = new Set<unknown>([from]);
  let target = find(from[word]);
  for (;;) {
    if (typeof target === 'boolean') return true;
    if (typeof target !== 'object' || target === null || Array.isArray(target)) return false;
    // A reference to a schema around it is recursion, unless nothing else lies between.
    if (passed.has(target)) return false;
    passed.add(target);
    const { $ref } = target as Schema;
    if ($ref === undefined) return true;
    target = find($ref);
    if (target === undefined) return true;
  }
}

/** What a reference within a document leads to (RFC 6901, as the fragment of a URI); undefined for any other. */
export function atPointer(root: Schema, reference: string): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let at: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    const key = keyOf(part);
    if (key === undefined || typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Schema)[key];
  }
  return at;
}

function keyOf(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
}

/** Every schema in a schema, itself included. */
export function* schemasOf(root: unknown): Generator<Schema> {
  const pending: { readonly value: unknown; readonly isNamed: boolean }[] = [{ value: root, isNamed: false }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, isNamed } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) pending.push({ value: item, isNamed: false });
      continue;
    }
    if (!isNamed) yield value as Schema;
    for (const [key, child] of Object.entries(value)) {
      if (isNamed) pending.push({ value: child, isNamed: false });
      else if (!valueWords.has(key)) pending.push({ value: child, isNamed: namedWords.has(key) });
    }
  }
}
