/** A text around the first place where a marker is. */
export interface MarkerSplit {
  /** What comes before the marker and the space in front of it, and can't belong to either. */
  readonly before: string;
  readonly found: boolean;
  /** The space in front of the marker. */
  readonly space: string;
  /** What comes after the marker, or has to wait because it may be the beginning of one. */
  readonly after: string;
}

/** Looks for `marker` in `text`, of which more may come. */
export function splitAtMarker(text: string, marker: string): MarkerSplit {
  const at = text.indexOf(marker);
  const head = at < 0 ? text.slice(0, text.length - overlap(text, marker)) : text.slice(0, at);
  const before = head.trimEnd();
  if (at < 0) return { before, found: false, space: '', after: text.slice(before.length) };
  return { before, found: true, space: head.slice(before.length), after: text.slice(at + marker.length) };
}

/** How many characters at the end of `text` may be the beginning of `marker`. */
export function overlap(text: string, marker: string): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return length;
  }
  return 0;
}
