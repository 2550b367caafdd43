import type { RenderedPart } from './render-page.ts';

/**
 * The contents for language models, as https://llmstxt.org describes: each page with its first sentence, as Markdown
 * that a model can read.
 */
export function renderLlmsTxt(parts: readonly RenderedPart[]): string {
  const sections = parts.map(({ title, pages }) => {
    const lines = pages.map(({ slug, title: name, summary }) => {
      const [sentence = ''] = /^.*?[.!?:](?=\s|$)/.exec(summary) ?? [summary];
      return `- [${name}](docs/${slug}.md)${sentence === '' ? '' : `: ${sentence}`}`;
    });
    return `## ${title}\n\n${lines.join('\n')}`;
  });
  return `# Latchkey\n\n> An open server for language models on your own hardware, with a lock on every door.\n\n${sections.join('\n\n')}\n`;
}
