export const maxDefinitionBytes = 64 * 1024;
export const maxSchemaDepth = 32;
export const maxSchemaNodes = 2000;
export const maxPropertiesPerObject = 200;
export const maxReferences = 64;

/**
 * Why a schema must not be compiled, or undefined. Compiling takes more than linear time (2,000 properties took over a
 * second), and references can multiply, so size is bounded first; JSON Schema 2020-12 asks for such bounds too.
 */
export function excessOf(schema: unknown): string | undefined {
  let nodes = 0;
  let references = 0;
  const pending: { value: unknown; depth: number }[] = [{ value: schema, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    nodes += 1;
    if (nodes > maxSchemaNodes) return `its schema has more than ${maxSchemaNodes} nodes`;
    if (depth > maxSchemaDepth) return `its schema is nested more than ${maxSchemaDepth} deep`;
    const entries = Object.entries(value);
    if (!Array.isArray(value) && entries.length > maxPropertiesPerObject) {
      return `its schema has an object of more than ${maxPropertiesPerObject} keys`;
    }
    for (const [key, child] of entries) {
      if ((key === '$ref' || key === '$dynamicRef') && typeof child === 'string') {
        references += 1;
        if (references > maxReferences) return `its schema has more than ${maxReferences} references`;
      }
      pending.push({ value: child, depth: depth + 1 });
    }
  }
  return undefined;
}
