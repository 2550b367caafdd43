import type { ImagePart } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { readImage } from '../../wire/image-base64.ts';

/**
 * Ollama's images, which are base64 without a type, or data URLs. Throws ServerError `INVALID_REQUEST`.
 *
 * @param param where they are in the request, e.g. `messages[0].images`
 */
export const readImages = (images: readonly string[] | null | undefined, param: string): readonly ImagePart[] =>
  (images ?? []).map((text, index) => {
    const image = readImage(text);
    if (image !== undefined) return image;
    const at = `${param}[${index}]`;
    throw new ServerError('INVALID_REQUEST', `'${at}' is not valid: expected the base64 of an image.`, { param: at });
  });
