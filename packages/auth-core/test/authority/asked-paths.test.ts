import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAskedPaths } from '../../src/authority/asked-paths.ts';
import type {
  ArgumentConstraint,
  AuthorityEntry,
  Grant,
  PathLookup,
  ResolvePath,
  ToolRequest,
  ToolRules,
} from '../../src/index.ts';
import { createSteps, StepsUsedUp } from '../../src/matching/steps.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { decide } from '../words.ts';

/** The only files that there are, by the paths that lead to them. */
const PLACES: Readonly<Record<string, string>> = {
  '/srv/docs': '/srv/docs',
  '/srv/docs/a': '/srv/docs/a',
  '/srv/docs/inner': '/srv/docs/a',
  '/srv/docs/link': '/etc/passwd',
  '/srv/docs/two': '/srv/docs/two',
  '/etc/passwd': '/etc/passwd',
};

function newResolver() {
  const asked: [string, boolean][] = [];
  const resolvePath: ResolvePath = (path, { hardLinks }) => {
    asked.push([path, hardLinks]);
    return path === '/srv/docs/two' && !hardLinks ? undefined : PLACES[path];
  };
  return { asked, resolvePath };
}

const grantOf = (constraint: ArgumentConstraint, more: Grant['actions'] = []): Grant => ({
  actions: ['chat', ...more],
  mcp: { files: { tools: { read: { arguments: { path: constraint } } } } },
});
const ANY_TOOL: Grant = { actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } };

/** Asks for `files.read` with a path, by several grants. */
function ask(entries: readonly (Grant | AuthorityEntry)[], path: unknown, resolvePath = newResolver().resolvePath) {
  const authority = entries.map((entry) =>
    'source' in entry ? (entry as AuthorityEntry) : { grant: entry as Grant, source: 'token' },
  );
  const tool = { server: 'files', name: 'read', arguments: { path } };
  const context = { now: new Date('2027-01-15T12:00:00Z'), patterns: re2jsPatterns, resolvePath };
  return decide(authority, { action: 'chat', mcp: tool }, context);
}

const added = (grant: Grant): AuthorityEntry => ({ grant, source: 'caveat', added: true });
const docs = grantOf({ within: '/srv/docs' });

describe('a path that must lie in a folder', () => {
  it('is looked up only when it is written inside the folders of all grants', () => {
    const { asked, resolvePath } = newResolver();
    for (const path of ['/etc/passwd', '/srv/docs-evil', '/srv', 'srv/docs/a', '', '/srv/docs/../x', '/srv/docs/./a']) {
      expect(ask([docs], path, resolvePath)).toMatchObject({ allowed: false, rule: 'arguments' });
    }
    expect(ask([grantOf({ within: '/' }), docs], '/etc/passwd', resolvePath)).toMatchObject({
      allowed: false,
      grant: 2,
    });
    expect(ask([docs, grantOf({ within: '/srv/docs/b' })], '/srv/docs/a', resolvePath)).toMatchObject({
      allowed: false,
    });
    expect(asked).toEqual([]);
    expect(ask([docs], '/srv/docs/a', resolvePath)).toEqual({ allowed: true, approval: false });
    expect(asked).toEqual([['/srv/docs/a', false]]);
  });

  it('is refused for one reason, whatever is there', () => {
    const reasons = ['/srv/docs/link', '/srv/docs/gone', '/srv/docs/two', '/etc/passwd', '/nowhere', 'a'].map(
      (path) => {
        const decision = ask([docs], path);
        return decision.allowed ? undefined : decision.reason;
      },
    );
    expect(new Set(reasons)).toEqual(
      new Set(['files.read: argument path is not a path inside the allowed folder, written in full']),
    );
  });

  it('is looked up once for a decision', () => {
    const { asked, resolvePath } = newResolver();
    expect(ask([docs, docs, grantOf({ within: '/srv' })], '/srv/docs/inner', resolvePath).allowed).toBe(true);
    expect(asked).toEqual([['/srv/docs/inner', false]]);
  });

  it('is refused when looking it up fails or takes too many steps', () => {
    const fail = () => {
      throw new Error('/srv/docs/a');
    };
    expect(ask([docs], '/srv/docs/a', fail)).toMatchObject({ allowed: false, rule: 'arguments' });
    const spendAll = (path: string, { spend }: PathLookup) => {
      spend(20_000_000);
      return path;
    };
    expect(ask([docs], '/srv/docs/a', spendAll)).toMatchObject({ allowed: false, rule: 'steps', grant: 1 });
  });

  it('costs what looking it up takes, whatever the resolver counts', () => {
    const paths = createAskedPaths((path) => path, createSteps(10 * 2000));
    const lookUp = (index: number) => paths.isReal({ path: `/srv/${index}`, folder: '/srv', hardLinks: false });
    for (let index = 0; index < 10; index++) expect(lookUp(index)).toBe(true);
    expect(lookUp(0)).toBe(true);
    expect(() => lookUp(10)).toThrow(StepsUsedUp);
  });

  it('cannot be judged without a resolver', () => {
    const decision = decide(
      [{ grant: docs, source: 'token' }],
      { action: 'chat', mcp: { server: 'files', name: 'read', arguments: { path: '/srv/docs/a' } } },
      { now: new Date() },
    );
    expect(decision).toMatchObject({ allowed: false, reason: expect.stringContaining('no path resolver') });
  });

  it('with further names takes a grant that says so', () => {
    const linked = grantOf({ within: '/srv/docs', hardLinks: true });
    expect(ask([linked], '/srv/docs/two').allowed).toBe(true);
    expect(ask([docs], '/srv/docs/two').allowed).toBe(false);
    expect(ask([linked, docs], '/srv/docs/two')).toMatchObject({ allowed: false, grant: 2 });
  });
});

describe('what is sent', () => {
  it('is the real path, wherever a grant wants one', () => {
    expect(ask([docs], '/srv/docs/inner')).toEqual({
      allowed: true,
      approval: false,
      instead: { mcp: { server: 'files', name: 'read', arguments: { path: '/srv/docs/a' } } },
    });
    const many = grantOf({ items: { within: '/srv/docs' } });
    expect(ask([many], ['/srv/docs/a', '/srv/docs/inner'])).toMatchObject({
      instead: { mcp: { arguments: { path: ['/srv/docs/a', '/srv/docs/a'] } } },
    });
    expect(ask([many], ['/srv/docs/a', '/srv/docs'])).toEqual({ allowed: true, approval: false });
    const inner = grantOf({ properties: { from: { within: '/srv/docs' }, to: {} } });
    const value = { from: '/srv/docs/inner', to: '/srv/docs/inner', text: '/srv/docs/inner' };
    expect(ask([inner], value)).toMatchObject({
      instead: { mcp: { arguments: { path: { ...value, from: '/srv/docs/a' } } } },
    });
    expect(ask([inner], { to: 1 })).toEqual({ allowed: true, approval: false });
    const mixed = grantOf({
      properties: { from: { within: '/srv/docs' }, to: {}, list: { maxItems: 2 }, count: { minimum: 0 } },
    });
    expect(ask([mixed, ANY_TOOL], { from: '/srv/docs/inner', list: ['/srv/docs/inner'], count: 1 })).toMatchObject({
      instead: { mcp: { arguments: { path: { from: '/srv/docs/a', list: ['/srv/docs/inner'], count: 1 } } } },
    });
    const elsewhere: Grant = { actions: ['chat'], mcp: { other: { tools: { '*': {} } }, ...(mixed.mcp as ToolRules) } };
    expect(ask([elsewhere], { from: '/srv/docs/inner' })).toMatchObject({
      instead: { mcp: { arguments: { path: { from: '/srv/docs/a' } } } },
    });
    expect(ask([ANY_TOOL], '/srv/docs/inner')).toEqual({ allowed: true, approval: false });
  });

  it('satisfies all other conditions, and so does what was written', () => {
    const starts = (pattern: string) => grantOf({ pattern });
    expect(ask([docs, starts('inner$')], '/srv/docs/inner')).toMatchObject({ allowed: false, grant: 2 });
    expect(ask([docs, starts('a$')], '/srv/docs/inner')).toMatchObject({ allowed: false, grant: 2 });
    expect(ask([docs, starts('^/srv/')], '/srv/docs/inner')).toMatchObject({ allowed: true });
  });

  it('takes too many steps when a request has too many places', () => {
    const wide: Grant = {
      actions: ['chat'],
      mcp: { files: { tools: { read: { arguments: { path: { within: '/srv/docs' }, list: { items: {} } } } } } },
    };
    const tool = { server: 'files', name: 'read' };
    const { resolvePath } = newResolver();
    const context = { now: new Date(), resolvePath };
    const decideFor = (length: number) =>
      decide(
        [{ grant: wide, source: 'token' }],
        { action: 'chat', mcp: { ...tool, arguments: { path: '/srv/docs/inner', list: Array(length).fill(1) } } },
        context,
      );
    expect(decideFor(10)).toMatchObject({ allowed: true });
    expect(decideFor(60_000)).toMatchObject({ allowed: false, rule: 'steps', grant: 1 });
  });

  it('is allowed by the same grants as it is, and stays as it is', () => {
    const path = fc.constantFrom('/srv', '/srv/docs', '/', '/srv/docs/a', '/etc');
    const constraint = fc.record(
      {
        within: path,
        hardLinks: fc.constant(true),
        pattern: fc.constantFrom('^/srv', 'a$', 'docs'),
        enum: fc.uniqueArray(fc.constantFrom(...Object.keys(PLACES)), { minLength: 4 }),
      },
      { requiredKeys: [] },
    ) as unknown as fc.Arbitrary<ArgumentConstraint>;
    let sent = 0;
    fc.assert(
      fc.property(
        fc.array(constraint, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...Object.keys(PLACES)),
        (constraints, asked) => {
          const grants = constraints.map((one) => grantOf(one));
          const decision = ask(grants, asked);
          for (const count of grants.keys()) {
            if (decision.allowed && count > 0) expect(ask(grants.slice(0, count), asked).allowed).toBe(true);
          }
          if (!decision.allowed || decision.instead === undefined) return;
          sent++;
          expect(ask(grants, (decision.instead.mcp as ToolRequest).arguments?.path)).toEqual({
            allowed: true,
            approval: false,
          });
        },
      ),
      { numRuns: 5000 },
    );
    expect(sent).toBeGreaterThan(50);
  });
});

describe('a grant that a holder has added', () => {
  const all = grantOf({ within: '/' });

  it('makes the server look at nothing that no grant before it names', () => {
    const { asked, resolvePath } = newResolver();
    for (const path of ['/etc/passwd', '/nowhere', '/srv/docs/a']) {
      expect(ask([ANY_TOOL, added(all)], path, resolvePath)).toMatchObject({
        allowed: false,
        grant: 2,
        reason: 'files.read: argument path is not a path inside the allowed folder, written in full',
      });
      expect(ask([added(all), docs], path, resolvePath)).toMatchObject({ allowed: false, grant: 1 });
    }
    expect(asked).toEqual([]);
  });

  it('narrows the folder of a grant before it', () => {
    expect(ask([docs, added(all)], '/srv/docs/a').allowed).toBe(true);
    expect(ask([docs, added(grantOf({ within: '/srv/docs/b' }))], '/srv/docs/a').allowed).toBe(false);
    expect(ask([docs, added(grantOf({ within: '/srv/docs' })), added(docs)], '/srv/docs/inner')).toMatchObject({
      instead: { mcp: { arguments: { path: '/srv/docs/a' } } },
    });
  });

  it('of a holder that may make tokens may look where those may', () => {
    const administrator: Grant = { ...ANY_TOOL, actions: ['*'] };
    expect(ask([administrator, added(docs)], '/srv/docs/a').allowed).toBe(true);
    expect(ask([{ ...ANY_TOOL, actions: ['chat', 'tokens:write'] }, added(docs)], '/srv/docs/a').allowed).toBe(true);
    expect(ask([administrator, ANY_TOOL, added(docs)], '/srv/docs/a').allowed).toBe(false);
  });
});
