import { posix } from 'node:path';
import { Marked, type Token, type Tokens } from 'marked';

/** A heading of the second level, for the list beside a page. */
export interface Heading {
  readonly id: string;
  readonly text: string;
}

/** A page as HTML. */
export interface RenderedPage {
  /** The heading of the first level, as text. */
  readonly title: string;
  /** The first paragraph, as text; empty when a page begins with a heading. */
  readonly summary: string;
  readonly headings: readonly Heading[];
  readonly html: string;
}

/** Says what a link leads to: an address in the pages, or undefined for a file that is not among them. */
export type LinkTarget = (file: string) => string | undefined;

/**
 * Renders a page of Markdown. HTML in it is shown as text. A link to a file that is not among the pages becomes its
 * text. Headings have the ids that GitHub gives them.
 *
 * @param file the page's path from the root of the project, from which its links are read
 */
export function renderMarkdown(markdown: string, file: string, target: LinkTarget): RenderedPage {
  const marked = new Marked({ gfm: true });
  const headings: Heading[] = [];
  const taken = new Map<string, number>();
  marked.use({
    renderer: {
      html: ({ text }) => escapeHtml(text),
      image: ({ text }) => escapeHtml(text),
      heading({ tokens, depth }) {
        const text = plainText(tokens);
        const id = unique(taken, slugOf(text));
        if (depth === 2) headings.push({ id, text });
        return `<h${depth} id="${escapeHtml(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const to = addressOf(href, file, target);
        return to === undefined ? text : `<a href="${escapeHtml(to)}">${text}</a>`;
      },
      // A wide table or a long line scrolls by itself, also for those who have a keyboard only.
      table(token) {
        return `<div class="scrolls" tabindex="0" role="group" aria-label="Table">${renderTable(this.parser, token)}</div>\n`;
      },
      code: ({ text }) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`,
    },
  });
  const tokens = marked.lexer(markdown);
  const html = marked.parser(tokens);
  const [first, second] = tokens.filter(({ type }) => type !== 'space');
  return {
    title: first?.type === 'heading' ? plainText(first.tokens ?? []) : file,
    summary: second?.type === 'paragraph' ? plainText(second.tokens ?? []) : '',
    headings,
    html,
  };
}

function renderTable(parser: { parseInline(tokens: Token[]): string }, { header, rows }: Tokens.Table): string {
  const cells = (row: readonly Tokens.TableCell[], tag: string): string =>
    `<tr>${row.map(({ tokens }) => `<${tag}>${parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells(header, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('\n')}</tbody></table>`;
}

/** Addresses of other sites stay; those of files are looked up, with the place in the page kept. */
function addressOf(href: string, file: string, target: LinkTarget): string | undefined {
  if (/^https?:\/\//.test(href) || href.startsWith('#')) return href;
  const [path = '', anchor] = href.split('#');
  const found = target(posix.normalize(posix.join(posix.dirname(file), path)));
  if (found === undefined) return undefined;
  return anchor === undefined ? found : `${found}#${anchor}`;
}

function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) => ('tokens' in token && token.tokens ? plainText(token.tokens) : 'text' in token ? token.text : ''))
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
}

const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function unique(taken: Map<string, number>, id: string): string {
  const times = taken.get(id) ?? 0;
  taken.set(id, times + 1);
  return times === 0 ? id : `${id}-${times}`;
}

/** Makes text safe between tags and in attributes. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}
