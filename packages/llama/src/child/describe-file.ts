import { stat } from 'node:fs/promises';
import type { ModelDescription } from '@latchkey/engine';
import { type GgufFileInfo, GgufFileType, readGgufFileInfo } from 'node-llama-cpp';
import type { TemplateTraits } from '../formats/template-traits.ts';
import { chatTemplateOf } from './chat-template-of.ts';
import { checkHeader } from './gguf-header.ts';
import type { PromptThread } from './prompt-thread.ts';
import { explainReadFailure } from './read-failure.ts';

const EMBEDDING_ARCHITECTURE = /bert|t5encoder|embedding/;
const MULTIPLIERS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** The description of a model file, or a sentence that says why it is not a model, or why it could not be read. */
export async function describeFile(
  path: string,
  templates: PromptThread,
): Promise<ModelDescription | string | { readonly unavailable: string }> {
  try {
    checkHeader(path);
    const file = await readGgufFileInfo(path, { sourceType: 'filesystem', logWarnings: false });
    const bytes = await dataSize(file);
    try {
      return describe(file, bytes, await traitsOf(file, templates));
    } catch {
      return 'The chat template in the file takes too long or too much memory.';
    }
  } catch (error) {
    const { message, isPassing } = explainReadFailure(error);
    return isPassing ? { unavailable: message } : message;
  }
}

async function traitsOf(file: GgufFileInfo, templates: PromptThread): Promise<TemplateTraits | undefined> {
  const template = chatTemplateOf(file);
  if (template === undefined) return undefined;
  return (await templates.choose({ template, bos: '', eos: '', hasChatMl: true }, [])).traits;
}

/** The size of the weights in bytes, over all parts of a model. */
async function dataSize(file: GgufFileInfo): Promise<number> {
  const sizes = await Promise.all(
    file.sourceData.map(async (part) => (part.type === 'path' ? (await stat(part.path)).size - part.length : 0)),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function describe(file: GgufFileInfo, bytes: number, traits: TemplateTraits | undefined): ModelDescription {
  const { general } = file.metadata;
  const own = file.architectureMetadata as Readonly<Record<string, unknown>>;
  const architecture = general?.architecture ?? null;
  const parameterCount = countParameters(file);
  return {
    architecture,
    format: 'gguf',
    quantization: general?.file_type === undefined ? null : quantizationName(general.file_type),
    bitsPerWeight: parameterCount === null || bytes <= 0 ? null : round((bytes * 8) / parameterCount),
    parameterCount,
    displayName: general?.name ?? null,
    maxContextLength: typeof own.context_length === 'number' ? own.context_length : 0,
    type: makesEmbeddings(file) ? 'embedding' : 'llm',
    ...(traits?.fault === undefined ? {} : { templateFault: traits.fault }),
    capabilities: {
      vision: false,
      trainedForToolUse: traits?.showsTools ?? false,
      ...(traits?.reasoning === undefined ? {} : { reasoning: traits.reasoning }),
    },
  };
}

/** Whether a model makes embeddings instead of answers: it says how they are pooled, or its architecture has no other use. */
export function makesEmbeddings({ metadata, architectureMetadata }: GgufFileInfo): boolean {
  const own = architectureMetadata as Readonly<Record<string, unknown>>;
  return own.pooling_type !== undefined || EMBEDDING_ARCHITECTURE.test(metadata.general?.architecture ?? '');
}

/** The name of a quantization: the format's `MOSTLY_Q4_K_M` is `Q4_K_M`. */
function quantizationName(type: GgufFileType): string | null {
  const name: string | undefined = GgufFileType[type];
  return name?.replace(/^(?:MOSTLY|ALL)_/, '') ?? null;
}

function countParameters(file: GgufFileInfo): number | null {
  const tensors = file.fullTensorInfo ?? [];
  const count = tensors.reduce(
    (sum, tensor) => sum + tensor.dimensions.reduce<number>((product, size) => product * Number(size), 1),
    0,
  );
  return count > 0 ? count : parseSizeLabel(file.metadata.general?.size_label);
}

/** Parses `2.9M`, `7B` or `8x7B`. */
function parseSizeLabel(label: string | undefined): number | null {
  const match = /^(?:(\d+)x)?(\d+(?:\.\d+)?)([KMBT])$/.exec(label ?? '');
  if (match === null) return null;
  const [, times = '1', number = '', unit = ''] = match;
  return Number(times) * Number(number) * (MULTIPLIERS[unit] ?? 1);
}

function round(bits: number): number {
  return Math.round(bits * 100) / 100;
}
