import { visibleText } from '../visible-text.ts';
import { diffLines } from './line-diff.ts';

/** In display order: what a model reads comes first. */
const fields = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/**
 * Returns the changes between two definitions, for a person to read: for each field that differs, its name and its
 * lines as in a unified diff. Hidden characters are written as `\u{200B}`.
 *
 * @param before canonical JSON of the approved definition; absent: everything is new
 */
export function diffDefinitions(before: string | undefined, after: string): string {
  const old = before === undefined ? {} : read(before);
  const now = read(after);
  return fields
    .flatMap((field) => {
      const [removed, added] = [print(old[field]), print(now[field])];
      const lines = diffLines(removed, added);
      return lines.some((line) => !line.startsWith(' ')) ? [`@@ ${field} @@`, ...lines] : [];
    })
    .join('\n');
}

const read = (definition: string): Record<string, unknown> => Object(JSON.parse(definition)) as Record<string, unknown>;

function print(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
  return text.split('\n').map(visibleText);
}
