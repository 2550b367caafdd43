/** A text around the first place where one of some markers is. */
export interface MarkerSplit {
  /** What comes before the marker and the space in front of it, and cannot belong to either. */
  readonly before: string;
  /** The marker that was found. */
  readonly found: string | undefined;
  /** The space in front of the marker. */
  readonly space: string;
  /** What comes after the marker, or has to wait because it may be the beginning of one. */
  readonly after: string;
}

/** Looks for the first of `markers` in `text`, of which more may come; of two that begin together, the longer. */
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
  // A longer marker that begins no later may still be coming.
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
