import { describe, expect, it } from 'vitest';
import { expressionsOf } from './expressions.ts';
import { slownessOf } from './slow-expression.ts';
import { readSources } from './sources.ts';

/** Expressions that may be slow for some text, with the reason why no such text reaches them. */
const ALLOWED: Readonly<Record<string, string>> = {
  'packages/auth-core/src/token/key-strength.ts /(.{2,}?)\\1+/g': 'a custom key, which has 256 characters at the most',
  'packages/client/src/profiles/edit-section.ts /[\\r\\n]+$/': "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /[^\\r\\n]*(?:\\r\\n|\\r|\\n)|[^\\r\\n]+$/g': "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /^\\[[ \\t]*(?:profile[ \\t]+)?([^[\\]]*?)[ \\t]*\\][ \\t]*(?:[#;].*)?$/':
    "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /^([^=:]*?)[ \\t]*[=:][ \\t]*(.*)$/': "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /[\\r\\n]+$/': "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /^[ \\t]+|[ \\t]+$/g': "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /^("(?:[^"\\\\]|\\\\.)*")[ \\t]*(?:[#;].*)?$/':
    "the user's own file of profiles",
  "packages/client/src/profiles/scan.ts /^'([^']*)'[ \\t]*(?:[#;].*)?$/": "the user's own file of profiles",
  'packages/client/src/profiles/scan.ts /(?:^|[ \\t]+)[#;].*$/': "the user's own file of profiles",
  'packages/client/src/server-url.ts /\\/+$/': "the user's own setting",
  'packages/mcp-bridge/src/config/interpolate.ts /\\$\\{([^}]*)\\}|\\{(env:[A-Za-z_]\\w*|file:[^}\\s]+)\\}/g':
    "the operator's own mcp.json",
  'packages/mcp-bridge/src/config/plugin-id.ts /[-.]+$/': 'the first forty characters of a label',
  'packages/mcp-bridge/src/config/key-value-lines.ts /^(?:export\\s+)?([^=\\s\\0]+)\\s*=\\s*([^\\0]*)$/':
    "a line of the operator's own file",
  'packages/mcp-bridge/src/sandbox/sandbox-tools.ts /\\d+\\.\\d+(\\.\\d+)?/': 'what bubblewrap says of its version',
  'packages/server/src/config/secret-files.ts /(\\r?\\n)+$/': "the operator's own file",
  'packages/server/src/config/public-url.ts /\\/+$/': "the operator's own setting",
  'packages/server/src/tools/open-logins.ts /\\/+$/': "the operator's own setting",
  'packages/llama/src/child/describe-file.ts /^(?:(\\d+)x)?(\\d+(?:\\.\\d+)?)([KMBT])$/':
    'an x stands between the two numbers',
  'packages/llama/src/child/token-text.ts /\\ufffd+$/': 'the text of at most four tokens',
  'packages/llama/src/formats/special-texts.ts /^[^\\p{L}\\p{N}_]+|[^\\p{L}\\p{N}_]+$/gu':
    "a token of a model's vocabulary",
};

const all = readSources('packages/*/src/**/*.ts').flatMap(expressionsOf);
const nameOf = ({ path, source, flags }: (typeof all)[number]): string => `${path} /${source}/${flags}`;
const slow = all.filter((one) => slownessOf(one) !== undefined);

describe('regular expressions of the packages', () => {
  it('take linear time, or are named here with the reason', () => {
    const unnamed = slow.map((one) => `${nameOf(one)}: ${slownessOf(one)}`).filter((text) => !isAllowed(text));
    expect(unnamed).toEqual([]);
  });

  it('that are named here are still there', () => {
    const names = slow.map(nameOf);
    expect(Object.keys(ALLOWED).filter((name) => !names.includes(name))).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });
});

const isAllowed = (text: string): boolean => Object.keys(ALLOWED).some((name) => text.startsWith(`${name}: `));

describe('the check', () => {
  it.each([
    '(a+)+$',
    '(?:a*b*)*c',
    '(?:a|b+)*',
    '\\s+$',
    'eyJ[\\w-]+\\.',
    'lka_[\\w.-]+\\.[\\w-]+$',
    'a.*b.*c$',
    '^\\s*(.*)\\s*$',
    '^[a-z]+[a-z0-9]*!',
    '(?:x+)y',
    '<[^>]*>',
    'a{2,}b',
    '^a|b+c',
    '\\p{L}+\\d',
    '(?:a+b?)+c',
  ])('finds /%s/', (source) => {
    expect(slownessOf({ path: '', source, flags: source.includes('\\p') ? 'u' : '' })).toBeDefined();
  });

  it.each([
    '^[a-z]+$',
    '^[a-z]+[0-9]+$',
    '^lka_[A-Za-z0-9]+\\.[A-Za-z0-9_-]{2,}$',
    '(?<![\\w-])eyJ[\\w-]+\\.',
    '^(?:\\.[a-z]+)+$',
    '[^a-z]+',
    'a+',
    '"[a-z]{0,64}"',
    '^\\{(\\d{1,5})(?:,(\\d{0,5}))?\\}',
    '^(?:0|[1-9][0-9]{0,2})$',
    '[[(*+{2,}]',
    '^\\u{61}+$',
  ])('lets /%s/ pass', (source) => {
    expect(slownessOf({ path: '', source, flags: source.includes('\\u{') ? 'u' : '' })).toBeUndefined();
  });

  it('looks past the end of the line for a search that must begin anew, unless it stays in one place', () => {
    expect(slownessOf({ path: '', source: 'a+b', flags: '' })).toBeDefined();
    expect(slownessOf({ path: '', source: 'a+b', flags: 'y' })).toBeUndefined();
  });

  it('reads expressions where they stand, and nothing else', () => {
    const text = [
      '// a /comment/ here',
      '/* and /there/ */',
      "const a = '/text/'; const b = `/text/`;",
      'const half = width / 2 / height;',
      'const one = /[/"]\\/a/gu.exec(text);',
      'if (x) return /b/;',
      'list.map((y) => /c/.test(y));',
    ].join('\n');
    expect(expressionsOf({ path: 'a.ts', text })).toEqual([
      { path: 'a.ts', source: '[/"]\\/a', flags: 'gu' },
      { path: 'a.ts', source: 'b', flags: '' },
      { path: 'a.ts', source: 'c', flags: '' },
    ]);
  });
});
