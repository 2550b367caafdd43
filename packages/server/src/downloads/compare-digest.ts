import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { DigestedFile } from './known-digests.ts';

/** Whether a file has the content that it had when it came here. `unknown`: nothing says what it has to be. */
export type Comparison =
  | { readonly state: 'same' | 'unknown' }
  | { readonly state: 'differs'; readonly sha256: string }
  | { readonly state: 'unreadable'; readonly code: string };

/**
 * Reads a file to its end and compares its digest with the known one. Never rejects for what the system says of the file.
 *
 * @param onProgress called with the bytes that were read since the last call
 */
export async function compareDigest(
  { path, known }: DigestedFile,
  onProgress: (bytes: number) => void,
): Promise<Comparison> {
  if (known === undefined) return { state: 'unknown' };
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      hash.update(piece);
      onProgress(piece.length);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { state: 'unreadable', code };
  }
  const sha256 = hash.digest('hex');
  return sha256 === known.sha256 ? { state: 'same' } : { state: 'differs', sha256 };
}
