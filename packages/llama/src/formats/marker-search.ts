/** A text, split at the first of several markers. */
export interface MarkerSplit {
  /** The text before the marker and the space in front of it. It cannot be part of either. */
  readonly before: string;
  /** The marker that was found. */
  readonly found: string | undefined;
  /** The space in front of the marker. */
  readonly space: string;
  /** The text after the marker, or the held-back text that may be the beginning of one. */
  readonly after: string;
}

/** Finds the first of `markers` in `text`, which may continue; of two at the same place, the longer one. */
export function splitAtMarker(text: string, markers: readonly string[]): MarkerSplit {
  let at = -1;
  let found: string | undefined;
  for (const marker of markers) {
    const place = text.indexOf(marker);
    if (place < 0 || (at >= 0 && (place > at || (place === at && marker.length <= (found?.length ?? 0))))) continue;
    at = place;
    found = marker;
  }
  const held = Math.max(0, ...markers.map((marker) => overlap(text, marker)));
  // The end of the text may be the beginning of a longer marker that starts no later.
  if (found !== undefined && text.length - held <= at && held > found.length) found = undefined;
  const head = text.slice(0, found === undefined ? text.length - held : at);
  const before = head.trimEnd();
  if (found === undefined) return { before, found, space: '', after: text.slice(before.length) };
  return { before, found, space: head.slice(before.length), after: text.slice(at + found.length) };
}

/** How many characters at the end of `text` may be the beginning of `marker`. */
export function overlap(text: string, marker: string): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return length;
  }
  return 0;
}
