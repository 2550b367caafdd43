/** A page of the documentation. */
export interface PageSource {
  /** Its file, as a path from the root of the project. */
  readonly file: string;
  /** Its address below `/docs/`. */
  readonly slug: string;
}

/** A part of the table of contents. */
export interface Part {
  readonly title: string;
  readonly pages: readonly PageSource[];
}

const docs = (...names: readonly string[]): readonly PageSource[] =>
  names.map((name) => ({ file: `docs/${name}.md`, slug: name }));

/**
 * The table of contents. The decisions are listed by the build, the oldest first; every other page of `docs/` has to be
 * here.
 */
export const PARTS: readonly Part[] = [
  { title: 'Start', pages: [{ file: 'README.md', slug: 'start' }, ...docs('tutorial')] },
  { title: 'How to', pages: docs('clients', 'client', 'mcp', 'console', 'operating', 'proxies') },
  {
    title: 'Reference',
    pages: docs(
      'http-api',
      'configuration',
      'grants',
      'tokens',
      'errors',
      'audit',
      'compatibility',
      'models',
      'glossary',
    ),
  },
  { title: 'The library', pages: docs('library', 'in-your-system') },
  {
    title: 'Explanation',
    pages: [...docs('architecture', 'engine', 'threat-model'), { file: 'SECURITY.md', slug: 'security' }],
  },
];
