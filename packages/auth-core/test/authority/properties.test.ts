import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide as decideCounted } from '../../src/authority/decide.ts';
import type { CountedUse, Grant, ToolRequest, ToolRule } from '../../src/index.ts';
import { createSteps } from '../../src/matching/steps.ts';
import { covers, decide, FULL_GRANT, llm, parseGrant } from '../words.ts';
import { authorities, contexts, grantPairs, grants, requests } from './arbitraries.ts';

const numRuns = 5000;
const alone = (grant: Grant) => [{ grant, source: 'alone' }];

/** Makes the calls of one minute that a grant allows: whether one more is. */
function createCounter(grant: Grant): (tool: ToolRequest) => boolean {
  const used = new Map<string, number>();
  const keyOf = ({ name, rule }: CountedUse) => `${name} ${rule}`;
  return (mcp) => {
    const authority = [{ grant, source: 'alone', id: 'alone' }];
    const decision = decide(authority, { action: 'chat', mcp }, { now: new Date('2027-01-15T12:00:00Z') });
    if (!decision.allowed) return false;
    const { uses = [] } = decision;
    if (uses.some((use) => (used.get(keyOf(use)) ?? 0) >= use.limit)) return false;
    for (const use of uses) used.set(keyOf(use), (used.get(keyOf(use)) ?? 0) + 1);
    return true;
  };
}

describe('whatever the grants and the request', () => {
  it('a further grant never widens, wherever it is put', () => {
    fc.assert(
      fc.property(
        authorities,
        grants,
        fc.boolean(),
        fc.nat(3),
        requests,
        contexts,
        (authority, grant, added, place, request, context) => {
          const before = decide(authority, request, context);
          const caveat = { grant, source: 'caveat', added };
          const after = decide(authority.toSpliced(place, 0, caveat), request, context);
          if (!after.allowed || authority.length === 0) return;
          expect(before).toMatchObject({ allowed: true });
          if (!before.allowed) return;
          expect(after.approval || !before.approval).toBe(true);
          expect(after.limits?.maxOutputTokens ?? Infinity).toBeLessThanOrEqual(
            before.limits?.maxOutputTokens ?? Infinity,
          );
          expect(after.limits?.toolCallsPerRequest ?? Infinity).toBeLessThanOrEqual(
            before.limits?.toolCallsPerRequest ?? Infinity,
          );
        },
      ),
      { numRuns },
    );
  });

  it('fewer steps never turn a denial into a permission, nor change what is permitted', () => {
    let ran = 0;
    fc.assert(
      fc.property(authorities, requests, contexts, fc.nat(3000), (authority, request, context, steps) => {
        const decision = decideCounted(llm, authority, request, context, createSteps(steps));
        if (!decision.allowed && decision.rule === 'steps') ran++;
        else expect(decision).toEqual(decide(authority, request, context));
      }),
      { numRuns },
    );
    expect(ran).toBeGreaterThan(100);
  });

  it('a list decides as all of its members together', () => {
    fc.assert(
      fc.property(authorities, requests, contexts, (authority, request, context) => {
        const entries = authority.map(({ grant, source }) => ({ grant, source }));
        const members = entries.map((entry) => decide([entry], request, context).allowed);
        const expected = members.length > 0 && members.every(Boolean);
        const decision = decide(entries, request, context);
        expect(decision.allowed).toBe(expected);
        if (!decision.allowed && decision.grant > 0) expect(decision.grant).toBe(members.indexOf(false) + 1);
      }),
      { numRuns },
    );
  });

  it('what may be called is listed, and what is listed may be called unless the arguments are at fault', () => {
    let called = 0;
    fc.assert(
      fc.property(authorities, requests, contexts, (authority, request, context) => {
        const tool = request.mcp as ToolRequest | undefined;
        if (tool?.name === undefined || tool.arguments === undefined) return;
        const server = decide(authority, { ...request, mcp: { server: tool.server } }, context);
        const { arguments: _, ...asListed } = tool;
        const listed = decide(authority, { ...request, mcp: asListed }, context);
        const call = decide(authority, request, context);
        if (call.allowed) called++;
        if (listed.allowed) expect(server).toMatchObject({ allowed: true });
        // What a class lists is called once the class is known.
        const isKnown = tool.effect !== undefined;
        if (listed.allowed && !call.allowed && isKnown) expect(call.rule).toBe('arguments');
        if (!listed.allowed) expect(call.allowed).toBe(false);
      }),
      { numRuns: 20_000 },
    );
    expect(called).toBeGreaterThan(50);
  });
});

describe('whatever the grants', () => {
  it('one that is covered allows nothing that its parent denies', () => {
    // Counted, because the property would hold for a function that always says no.
    let told = 0;
    fc.assert(
      fc.property(
        grantPairs,
        fc.array(fc.tuple(requests, contexts), { minLength: 10, maxLength: 10 }),
        (pair, trials) => {
          const [parent, child] = pair;
          if (!covers(alone(parent), child).covered) return;
          for (const [request, context] of trials) {
            const own = decide(alone(child), request, context);
            if (!own.allowed) continue;
            told++;
            const bound = decide(alone(parent), request, context);
            expect(bound).toMatchObject({ allowed: true });
            if (!bound.allowed) continue;
            expect(own.approval || !bound.approval).toBe(true);
            expect(own.limits?.maxOutputTokens ?? Infinity).toBeLessThanOrEqual(
              bound.limits?.maxOutputTokens ?? Infinity,
            );
          }
        },
      ),
      { numRuns },
    );
    expect(told).toBeGreaterThan(1000);
  });

  it('one that is covered allows no more calls than its parent, whatever is called', () => {
    // Of grants with limits alone, and so with the sums that are at stake.
    const key = fc.constantFrom('*', 'a*', '*b', 'ab', 'b', '@readOnly', '@destructive');
    const bound = fc.integer({ min: 1, max: 4 });
    const rule = fc.record(
      { callsPerMinute: bound, callsPerDay: bound },
      { requiredKeys: [] },
    ) as fc.Arbitrary<ToolRule>;
    const rules = fc.dictionary(key, rule, { minKeys: 1, maxKeys: 3 });
    const mcp = fc.dictionary(fc.constantFrom('*', 's', 's*'), fc.record({ tools: rules }), { minKeys: 1, maxKeys: 2 });
    const calls = fc.array(
      fc.record({
        server: fc.constantFrom('s', 'st'),
        name: fc.constantFrom('a', 'ab', 'b', 'aab'),
        effect: fc.constantFrom('readOnly' as const, 'destructive' as const),
        arguments: fc.constant({}),
      }),
      { maxLength: 12 },
    );
    let told = 0;
    fc.assert(
      fc.property(mcp, fc.oneof(mcp, fc.constant(undefined)), calls, (parentRules, childRules, asked) => {
        const [parent, child] = [parentRules, childRules ?? parentRules].map((rules) => {
          return { actions: ['chat' as const], mcp: rules };
        }) as unknown as [Grant, Grant];
        if (!covers(alone(parent), child).covered) return;
        const own = createCounter(child);
        const bound = createCounter(parent);
        for (const tool of asked) {
          if (!own(tool)) continue;
          told++;
          expect(bound(tool)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
    expect(told).toBeGreaterThan(1000);
  });

  it('a grant covers itself, and the full grant covers it', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const parsed = parseGrant(grant);
        expect(covers(alone(parsed), parsed)).toEqual({ covered: true });
        expect(covers(alone(FULL_GRANT), parsed)).toEqual({ covered: true });
      }),
      { numRuns },
    );
  });
});
