import type { TurnSyntax } from './syntax/turn-syntax.ts';

/**
 * What of the model's turn is in the prompt already: the markers at its end, such as an open thought or an empty one.
 * A template's text stands in front of them, so nothing that a caller wrote is taken for them.
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

/** What has to stand between the end of a prompt and an answer that is begun for the model. */
export function answerOpening(reasoningOpen: boolean, { reasoning, content, channels }: TurnSyntax): string {
  if (channels !== undefined) return channels.answerHeader + channels.headerEnd;
  return (reasoningOpen ? `\n${reasoning.close}\n\n` : '') + (content?.open ?? '');
}
