import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, root } from './sources.ts';

const pages = readSources('*.md', 'docs/**/*.md', 'packages/*/README.md');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  it.each(pages)('$path links to what there is', ({ path, text }) => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('docs/threat-model.md cites tests by titles that they have', () => {
    const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
    const cited = [...page.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({ file, title }));
    const paragraphs = page.slice(page.indexOf('## Known failures'), page.indexOf('## What this does not'));
    const failures = paragraphs.split('\n\n').filter((text) => text.startsWith('**'));
    expect(cited.length).toBeGreaterThan(20);
    expect(failures.filter((text) => !/^- `/m.test(text))).toEqual([]);
    const missing = cited.filter(({ file, title }) => {
      const at = join(root, file);
      return !existsSync(at) || !readFileSync(at, 'utf8').replaceAll("\\'", "'").includes(title);
    });
    expect(missing).toEqual([]);
  });
});
