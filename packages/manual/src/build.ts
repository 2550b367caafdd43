import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PARTS, type Part } from './contents.ts';
import { renderLlmsTxt } from './llms-txt.ts';
import { renderMarkdown } from './render-markdown.ts';
import { type RenderedPart, relativeAddress, renderPage } from './render-page.ts';

/* Makes the pages: an HTML document and the Markdown of each, the contents for language models, one style sheet. */
const root = join(import.meta.dirname, '..', '..', '..');
const place = join(import.meta.dirname, '..', 'dist');

const decisions: Part = {
  title: 'Decisions',
  pages: globSync('docs/decisions/*.md', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .map((file) => ({ file, slug: `decisions/${basename(file, '.md')}` })),
};
const parts = [...PARTS, decisions];
const sources = parts.flatMap(({ pages }) => pages);
const slugs = new Map(sources.map(({ file, slug }) => [file, slug]));

const forgotten = globSync('docs/*.md', { cwd: root }).filter((file) => !slugs.has(file.replaceAll('\\', '/')));
if (forgotten.length > 0) {
  console.error(`These pages are not in the table of contents, src/contents.ts: ${forgotten.join(', ')}.`);
  process.exit(1);
}

const rendered: readonly RenderedPart[] = parts.map(({ title, pages }) => ({
  title,
  pages: pages.map(({ file, slug }) => {
    const target = (other: string): string | undefined => {
      const found = slugs.get(other);
      return found === undefined ? undefined : relativeAddress(slug, found);
    };
    return { file, slug, ...renderMarkdown(readFileSync(join(root, file), 'utf8'), file, target) };
  }),
}));

rmSync(place, { recursive: true, force: true });
for (const page of rendered.flatMap(({ pages }) => pages)) {
  put(`${page.slug}.html`, renderPage(page, rendered));
  put(`${page.slug}.md`, readFileSync(join(root, page.file), 'utf8'));
}
put('llms.txt', renderLlmsTxt(rendered));
// The look is the console's.
const styles = [join(root, 'packages/console/src/style/base.css'), join(import.meta.dirname, 'manual.css')];
put('style.css', styles.map((file) => readFileSync(file, 'utf8')).join('\n'));

function put(name: string, text: string): void {
  const file = join(place, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
