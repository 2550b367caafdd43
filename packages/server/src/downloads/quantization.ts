import { DownloadFailure } from './download-failure.ts';
import type { RemoteFile } from './remote-model.ts';

const PART = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;
const QUANTIZATION = /(?:^|[-._/])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4\w*|BF16|FP?16|FP?32))(?=\.gguf$)/i;

/** The quantizations that are taken when a request names none, the first that there is. */
const PREFERRED = ['q4_k_m', 'mxfp4', 'q4_k_s', 'q4_0', 'q5_k_m', 'q6_k', 'q8_0', 'f16', 'bf16'];

/** How many quantizations a refusal names. */
const MOST_NAMED = 30;

interface Wanted {
  /** The repository, for messages. */
  readonly place: string;
  readonly path: string | undefined;
  readonly quantization: string | undefined;
}

/**
 * Chooses the files of one variant of a model: those of a path, of a quantization, or of the usual one. Throws
 * DownloadFailure with what there is, and for a split model of which a part is missing.
 */
export function chooseVariant(files: readonly RemoteFile[], { place, path, quantization }: Wanted): RemoteFile[] {
  const variants = new Map<string, RemoteFile[]>();
  for (const file of files) {
    if (/(?:^|\/)mmproj/i.test(file.name)) continue;
    const whole = file.name.replace(PART, '');
    variants.set(whole, [...(variants.get(whole) ?? []), file]);
  }
  if (variants.size === 0) throw new DownloadFailure(`${place} has no GGUF files.`);
  const names = new Map([...variants.keys()].map((whole) => [whole, variantOf(whole)]));
  const chosen =
    path === undefined ? byQuantization([...variants], names, quantization) : variants.get(path.replace(PART, ''));
  if (chosen === undefined) {
    const offered = [...new Set(names.values())].slice(0, MOST_NAMED).join(', ');
    const wanted = path === undefined ? `no quantization ${quantization}` : 'no such file';
    throw new DownloadFailure(`${place} has ${wanted}. It has: ${offered}.`);
  }
  return whole(chosen);
}

/** The name of a variant: its quantization in lower case, or else the name of its file. */
function variantOf(whole: string): string {
  return (QUANTIZATION.exec(whole)?.[1] ?? whole.replace(/\.gguf$/i, '')).toLowerCase();
}

function byQuantization(
  variants: readonly (readonly [string, RemoteFile[]])[],
  names: ReadonlyMap<string, string>,
  wanted: string | undefined,
): RemoteFile[] | undefined {
  const named = (name: string) => variants.find(([whole]) => names.get(whole) === name)?.[1];
  if (wanted !== undefined) return named(wanted.toLowerCase());
  for (const name of PREFERRED) {
    const found = named(name);
    if (found !== undefined) return found;
  }
  const [smallest] = variants.toSorted(([, one], [, other]) => sizeOf(one) - sizeOf(other));
  return smallest?.[1];
}

const sizeOf = (files: readonly RemoteFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The parts of a split model in order. Throws DownloadFailure when one is missing. */
function whole(files: readonly RemoteFile[]): RemoteFile[] {
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const [first] = sorted;
  const [, , total] = PART.exec(first?.name ?? '') ?? [];
  const isComplete =
    total === undefined
      ? sorted.length === 1
      : sorted.length === Number(total) &&
        sorted.every(({ name }, index) => PART.exec(name)?.[0] === partName(index + 1, total));
  if (!isComplete) throw new DownloadFailure('The repository does not have all parts of this model.');
  return sorted;
}

const partName = (number: number, total: string): string => `-${String(number).padStart(5, '0')}-of-${total}`;
