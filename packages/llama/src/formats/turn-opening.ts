import type { TurnSyntax } from './syntax/turn-syntax.ts';

/**
 * The part of the model's turn that the prompt already contains: the markers at its end, such as an open thought or an
 * empty one. The template's own text precedes them, so text from a caller cannot be mistaken for them.
 */
export function openingOf(prompt: string, { reasoning, content, glue, channels }: TurnSyntax): string {
  const markers = [reasoning.open, reasoning.close, content?.open, glue, channels?.start]
    .map((marker) => marker?.trim() ?? '')
    .filter((marker) => marker !== '');
  let start = prompt.length;
  while (true) {
    const rest = prompt.slice(0, start).trimEnd();
    const marker = markers.find((text) => rest.endsWith(text));
    if (marker === undefined) return prompt.slice(start);
    start = rest.length - marker.length;
  }
}

/** The text needed between the end of a prompt and a started answer. */
export function answerOpening(reasoningOpen: boolean, { reasoning, content, channels }: TurnSyntax): string {
  if (channels !== undefined) return channels.answerHeader + channels.headerEnd;
  return (reasoningOpen ? `\n${reasoning.close}\n\n` : '') + (content?.open ?? '');
}
