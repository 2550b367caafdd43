import { describe, expect, it } from 'vitest';
import { type ArgumentConstraint, argumentConditions, defineVocabulary, type ResourceKind } from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';

/** A rule is a folder; what is asked is a path in it. */
const FILES: ResourceKind<string, string> = {
  schema: { type: 'string' },
  everything: '/',
  decide: (folder, path, { isWithin }) =>
    isWithin?.({ path, folder, hardLinks: false }) === true
      ? { allowed: true }
      : { allowed: false, reason: 'the path is not in the folder' },
  covers: (parent, child) => parent === child,
};

/** A rule is a condition on a name. */
const NAMED: ResourceKind<ArgumentConstraint, string> = {
  schema: { type: 'object' },
  everything: {},
  check: (rule, check) => check.constraint(rule, []),
  decide: () => ({ allowed: true }),
  covers: () => false,
};

const conditions = argumentConditions;
const vocabularyOf = (resource: ResourceKind<never, never>) =>
  defineVocabulary({ actions: ['read'], resources: { files: resource as typeof FILES } });

describe('a kind of the host', () => {
  const decide = (kind: typeof FILES) => {
    const grant = { actions: ['read'], files: '/srv' } as const;
    const vocabulary = defineVocabulary({ actions: ['read'], resources: { files: kind } });
    const context = { now: new Date(), resolvePath: (path: string) => path.replace('/srv/link', '/etc') };
    const allows = (files: string) =>
      vocabulary.decide([{ grant, source: 'token' }], { action: 'read', files }, context).allowed;
    return ['/srv/a', '/srv/link/a', '/etc/a'].map(allows);
  };

  it('asks about paths where it has conditions, and about none without them', () => {
    expect(decide({ ...FILES, conditions })).toEqual([true, false, false]);
    expect(decide(FILES)).toEqual([false, false, false]);
  });

  it('has conditions read, where it has them', () => {
    const vocabulary = vocabularyOf({ ...NAMED, conditions } as never);
    const parse = (files: unknown) =>
      vocabulary.parseGrant({ actions: ['read'], files }, { patterns: re2jsPatterns }) as unknown;
    expect(parse({ pattern: '^a$', hosts: ['a.example'] })).toMatchObject({ files: { pattern: '^a$' } });
    for (const [constraint, path] of [
      [{ pattern: '(' }, 'files.pattern'],
      [{ items: { cidr: ['x'] } }, 'files.items.cidr[0]'],
      [{ properties: { a: { hosts: ['A.example'] } } }, 'files.properties.a.hosts[0]'],
      [{ hardLinks: true }, 'files.hardLinks'],
    ] as const) {
      expect(() => parse(constraint)).toThrow(expect.objectContaining({ code: 'AUTH_GRANT_INVALID', path }));
    }
  });

  it('is told what it lacks when it has none and wants them read', () => {
    expect(() => vocabularyOf(NAMED as never)).toThrow("the kind of files must have 'conditions'");
  });
});
