import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide as decideCounted } from '../../src/authority/decide.ts';
import type { Grant, ToolRequest } from '../../src/index.ts';
import { createSteps } from '../../src/matching/steps.ts';
import { covers, decide, FULL_GRANT, llm, parseGrant } from '../words.ts';
import { authorities, contexts, grantPairs, grants, requests } from './arbitraries.ts';

const numRuns = 5000;
const alone = (grant: Grant) => [{ grant, source: 'alone' }];

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
        const listed = decide(authority, { ...request, mcp: { server: tool.server, name: tool.name } }, context);
        const call = decide(authority, request, context);
        if (call.allowed) called++;
        if (listed.allowed) expect(server).toMatchObject({ allowed: true });
        if (listed.allowed && !call.allowed) expect(call.rule).toBe('arguments');
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
