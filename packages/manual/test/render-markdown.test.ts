import { describe, expect, it } from 'vitest';
import { renderMarkdown } from '../src/render-markdown.ts';

const render = (markdown: string) =>
  renderMarkdown(markdown, 'docs/tokens.md', (file) => (file === 'docs/grants.md' ? 'grants' : undefined));

describe('a page of Markdown', () => {
  it('has its heading as title, its first paragraph as summary, and its second headings as contents', () => {
    const { title, summary, headings } = render(
      '# `Tokens`\n\nEvery *caller*\nhas one.\n\n## Kinds\n\n### Keys\n\n## Kinds',
    );
    expect([title, summary]).toEqual(['Tokens', 'Every caller has one.']);
    expect(headings).toEqual([
      { id: 'kinds', text: 'Kinds' },
      { id: 'kinds-1', text: 'Kinds' },
    ]);
  });

  it('leads to other pages and places in them, and nowhere for a file that is no page', () => {
    const { html } = render(
      '[a](grants.md) [b](grants.md#limits) [c](../e2e/requirements.ts) [d](#here) [e](https://example.com)',
    );
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, to]) => to)).toEqual([
      'grants',
      'grants#limits',
      '#here',
      'https://example.com',
    ]);
    expect(html).toContain(' c ');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '![x](javascript:alert(1))',
    '`<b>`',
    '```\n<b>\n```',
    '| <b> |\n|---|\n| <script>x</script> |',
    '# <b>',
  ])('shows HTML as text: %s', (markdown) => {
    const { html } = render(markdown);
    expect(html).not.toMatch(/<(?:script|img|b)\b|javascript:/);
  });

  it('lets tables and code scroll by themselves, for those with a keyboard as well', () => {
    const { html } = render('| a | b |\n|---|---|\n| 1 | `2` |\n\n```sh\nls\n```');
    expect(html).toContain('<th>a</th><th>b</th>');
    expect(html).toContain('<td><code>2</code></td>');
    expect(html.match(/tabindex="0"/g)).toHaveLength(2);
  });
});
