/** Reads UTF-8 of which each byte stands as a character, as header fields come; undefined when it is none. */
export function decodeUtf8(binary: string): string | undefined {
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (bytes.some((byte, index) => byte !== binary.charCodeAt(index))) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
