import type { ImagePart } from '@latchkey/engine';
import { imageDataUrlSchema } from './image-data-url.ts';

/** How the base64 of an image begins, by its type. */
const BEGINNINGS: readonly (readonly [beginning: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['Qk', 'image/bmp'],
];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** An image as a data URL, or as base64 whose first bytes show its type; undefined for anything else. */
export function readImage(text: string): ImagePart | undefined {
  const read = imageDataUrlSchema.safeParse(text);
  if (read.success) return { type: 'image', ...read.data };
  const [, mediaType] = BEGINNINGS.find(([beginning]) => text.startsWith(beginning)) ?? [];
  return mediaType !== undefined && BASE64.test(text) ? { type: 'image', mediaType, data: text } : undefined;
}
