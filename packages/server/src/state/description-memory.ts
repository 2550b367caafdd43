import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { ModelDescription } from '@latchkey/engine';
import { z } from 'zod';
import { dictionary, list } from '../input/bounded.ts';

/** Changed when descriptions are made differently, so that stored ones are discarded. */
const FORMAT = 2;
const MOST_FILES = 1_000_000;

const text = z.string().nullable();
const amount = z.number().nullable();
const effort = z.enum(['off', 'low', 'medium', 'high', 'on']);
const descriptionSchema = z.strictObject({
  architecture: text,
  format: text,
  quantization: text,
  bitsPerWeight: amount,
  parameterCount: amount,
  displayName: text,
  maxContextLength: z.number(),
  type: z.enum(['llm', 'embedding']),
  templateFault: z.string().optional(),
  capabilities: z.strictObject({
    vision: z.boolean(),
    trainedForToolUse: z.boolean(),
    reasoning: z.strictObject({ allowedOptions: list(effort, 5), default: effort }).optional(),
  }),
});
const entrySchema = z.strictObject({
  stamp: z.string(),
  description: z.union([descriptionSchema, z.strictObject({ problem: z.string() })]),
});
const fileSchema = z.strictObject({ format: z.literal(FORMAT), files: dictionary(z.unknown(), MOST_FILES) });

/** The description of a file; valid while the file's stamp is unchanged. */
interface KnownDescription {
  readonly path: string;
  readonly stamp: string;
  readonly description: ModelDescription | Error;
}

/** What the embedded engine stores between two starts. */
interface DescriptionMemory {
  recall(path: string, stamp: string): ModelDescription | Error | undefined;
  keep(known: Iterable<KnownDescription>): void;
}

/**
 * Stores the descriptions of model files, so that a start does not read every file again. It is only a cache: if the
 * file is missing, damaged or cannot be written, nothing else changes.
 */
export function openDescriptionMemory(path: string): DescriptionMemory {
  const files = read(path);
  let writing = Promise.resolve();
  return {
    recall: (file, stamp) => {
      const found = files.get(file);
      if (found === undefined) return undefined;
      const entry = entrySchema.safeParse(found).data;
      if (entry?.stamp !== stamp) return undefined;
      const { description } = entry;
      return 'problem' in description ? new Error(description.problem) : withoutUndefined(description);
    },
    keep: (known) => {
      const written = JSON.stringify({ format: FORMAT, files: Object.fromEntries([...known].map(toEntry)) });
      writing = writing.then(async () => {
        await writeFile(`${path}.new`, written, { mode: 0o600 });
        await rename(`${path}.new`, path);
      });
      writing = writing.catch(() => undefined);
    },
  };
}

function read(path: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).files));
  } catch {
    return new Map();
  }
}

const toEntry = ({ path, stamp, description }: KnownDescription): readonly [string, unknown] => [
  path,
  { stamp, description: description instanceof Error ? { problem: description.message } : description },
];

/** An absent key and an undefined one differ in comparisons. */
function withoutUndefined({
  capabilities,
  templateFault,
  ...rest
}: z.output<typeof descriptionSchema>): ModelDescription {
  const { reasoning, ...others } = capabilities;
  return {
    ...rest,
    ...(templateFault === undefined ? {} : { templateFault }),
    capabilities: { ...others, ...(reasoning === undefined ? {} : { reasoning }) },
  };
}
