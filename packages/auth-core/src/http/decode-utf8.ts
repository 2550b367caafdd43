/** Decodes UTF-8 from a text with one character for each byte, as in header fields; undefined when it is not UTF-8. */
export function decodeUtf8(binary: string): string | undefined {
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (bytes.some((byte, index) => byte !== binary.charCodeAt(index))) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
