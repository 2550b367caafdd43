import { posix } from 'node:path';
import type { PageSource, Part } from './contents.ts';
import { escapeHtml, type RenderedPage } from './render-markdown.ts';

/** A page with its place among the others. */
export type Page = PageSource & RenderedPage;

/** A part of the contents with its pages rendered. */
export interface RenderedPart extends Omit<Part, 'pages'> {
  readonly pages: readonly Page[];
}

/** The document of a page: the contents, the text, and what is on this page. It needs no script. */
export function renderPage(page: Page, parts: readonly RenderedPart[]): string {
  const here = (slug: string): string => relativeAddress(page.slug, slug);
  const contents = parts.map((part) => renderPart(part, page, here)).join('\n');
  const onPage = page.headings
    .map(({ id, text }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escapeHtml(page.summary.slice(0, 200))}">
<title>${escapeHtml(page.title)} · Latchkey</title>
<link rel="stylesheet" href="${here('style.css')}">
</head>
<body>
<header><a href="${here('start')}">Latchkey</a> <a class="to-contents" href="#contents">Contents</a> <a href="${here('../console')}">Console</a></header>
<div class="columns">
<main>
${page.html}
</main>
<nav id="contents" class="contents" aria-label="Contents">
${contents}
</nav>
${onPage === '' ? '' : `<nav class="on-page" aria-label="On this page"><p>On this page</p>\n<ul>\n${onPage}\n</ul></nav>`}
</div>
</body>
</html>
`;
}

function renderPart({ title, pages }: RenderedPart, current: Page, here: (slug: string) => string): string {
  const items = pages.map(({ slug, title: name }) => {
    const mark = slug === current.slug ? ' aria-current="page"' : '';
    return `<li><a href="${escapeHtml(here(slug))}"${mark}>${escapeHtml(name)}</a></li>`;
  });
  return `<p>${escapeHtml(title)}</p>\n<ul>\n${items.join('\n')}\n</ul>`;
}

/** The way from one page to another, so that the pages work below whatever path a proxy puts in front. */
export const relativeAddress = (from: string, to: string): string => posix.relative(posix.dirname(from), to);
