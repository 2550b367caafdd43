import { DownloadFailure } from './download-failure.ts';

/** Reads an answer as text. Throws DownloadFailure when it is longer than permitted. */
export async function readBounded({ body }: Response, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > most) throw new DownloadFailure(`The answer has more than ${most} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
