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

interface Citation {
  readonly file: string;
  readonly title: string;
}

/** The tests that a page cites: a file and a title. */
function citationsOf(page: string): readonly Citation[] {
  return [...page.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({ file, title }));
}

function isMissing({ file, title }: Citation): boolean {
  const at = join(root, file);
  return !existsSync(at) || !readFileSync(at, 'utf8').replaceAll("\\'", "'").includes(title);
}

/** What a page claims in its sections: paragraphs, items of lists, and rows of tables. */
function statementsOf(page: string): readonly string[] {
  const sections = page
    .replace(/^```.*?^```$/gms, '')
    .split(/^## .*$/m)
    .slice(1);
  const blocks = sections.flatMap((section) => section.split(/\n{2,}|\n(?=- |\|)/)).map((block) => block.trim());
  // The heading of a table is followed by its line of dashes.
  return blocks.filter(
    (block, at) => block !== '' && !/^\|[ |-]*$/.test(block) && !/^\|[ |-]*$/.test(blocks[at + 1] ?? ''),
  );
}

/** Whether a statement cites a test, says that something is not promised, or only introduces what follows. */
function isProved(statement: string): boolean {
  if (statement.startsWith('|')) return /`[^`]+\.test\.ts`/.test(statement);
  return citationsOf(statement).length > 0 || /^Not promised: |:$/.test(statement);
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
    const cited = citationsOf(page);
    const paragraphs = page.slice(page.indexOf('## Known failures'), page.indexOf('## What this does not'));
    const failures = paragraphs.split('\n\n').filter((text) => text.startsWith('**'));
    expect(cited.length).toBeGreaterThan(20);
    expect(failures.filter((text) => !/^- `/m.test(text))).toEqual([]);
    expect(cited.filter(isMissing)).toEqual([]);
  });

  it('docs/in-your-system.md cites a test for each statement, by titles that they have', () => {
    const page = readFileSync(join(root, 'docs/in-your-system.md'), 'utf8');
    const statements = statementsOf(page);
    expect(statements.length).toBeGreaterThan(60);
    expect(statements.filter((text) => !isProved(text))).toEqual([]);
    expect(citationsOf(page).filter(isMissing)).toEqual([]);
  });

  it.each([
    ['a paragraph', 'It holds.\n`a.test.ts`: “x”\n\nAnd this, too.', ['And this, too.']],
    ['an item of a list', '- It holds. `a.test.ts`: “x”\n- And this, too.', ['- And this, too.']],
    [
      'a row of a table',
      'Each of them:\n\n| host | tried |\n| --- | --- |\n| one | `a.test.ts` |\n| two | yes |',
      ['| two | yes |'],
    ],
    ['what is not promised', 'Not promised: that it holds.', []],
  ])('is a statement without a test: %s', (_, section, unproved) => {
    const page = `# Page\n\n## Section\n\n${section}\n\n\`\`\`ts\ncode;\n\`\`\`\n`;
    expect(statementsOf(page).filter((text) => !isProved(text))).toEqual(unproved);
  });
});
