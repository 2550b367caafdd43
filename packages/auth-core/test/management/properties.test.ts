import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessRequest,
  type Auth,
  AuthError,
  attenuateToken,
  type DecisionContext,
  type Grant,
  type IssuedToken,
  type Principal,
} from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { contexts, grantPairs, grants, requests } from '../authority/arbitraries.ts';
import { llm } from '../words.ts';
import { createManagedAuth } from './managed-auth.ts';

/** The grant, with what it takes to manage tokens. */
function managing(grant: Grant): Grant {
  return { ...grant, actions: [...new Set([...grant.actions, 'tokens:read' as const, 'tokens:write' as const])] };
}

/** What an act answers, or undefined when it was refused as it should be. */
async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return undefined;
  }
}

const projects = fc.constantFrom<(string | undefined)[]>(undefined, undefined, 'a', 'ab');
const ends = fc.constantFrom(undefined, undefined, '2027-01-10T00:00:00.000Z', '2027-01-20T00:00:00.000Z');
const owners = fc.constantFrom('ada', 'ada', 'grace');
const scenes = fc.record({
  pair: grantPairs,
  caveat: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, grants),
  project: projects,
  otherProject: projects,
  end: ends,
  otherEnd: ends,
  otherOwner: owners,
  trials: fc.array(fc.tuple(requests, contexts), { minLength: 8, maxLength: 8 }),
});

/** A caller, perhaps one with a caveat, and the token of somebody else. */
async function setScene({ pair: [grant, otherGrant], caveat, ...scene }: Scene) {
  const managed = createManagedAuth({ patterns: re2jsPatterns, resolvePath: (path) => path });
  const { auth, operator } = managed;
  const optional = (project: string | undefined, end: string | undefined) => ({
    ...(project !== undefined && { project }),
    ...(end !== undefined && { expiresAt: end }),
  });
  const mine = { name: 'mine', owner: 'ada', grant: managing(grant), ...optional(scene.project, scene.end) };
  const theirs = {
    name: 'other',
    owner: scene.otherOwner,
    grant: otherGrant,
    ...optional(scene.otherProject, scene.otherEnd),
  };
  const issued = await attempt(() => auth.issue(mine, operator));
  const other = await attempt(() => auth.issue(theirs, operator));
  if (issued === undefined || other === undefined) return undefined;
  const parent = await auth.verify(issued.token);
  const by =
    caveat === undefined
      ? parent
      : await attempt(async () => auth.verify(await attenuateToken(llm, issued.token, managing(caveat))));
  if (by === undefined) return undefined;
  return { ...managed, by, other };
}

type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never;

/** What a principal may do from a place; the time is that of the installation's clock. */
function allows(auth: Auth, principal: Principal, [request, context]: readonly [AccessRequest, DecisionContext]) {
  const decision = auth.decide(principal, request, context.address === undefined ? {} : { address: context.address });
  return decision.allowed ? decision : undefined;
}

describe('whatever the grants, projects and ends', () => {
  it.each<[string, (auth: Auth, by: Principal, other: IssuedToken, scene: Scene) => Promise<string | undefined>]>([
    [
      'creates',
      async (auth, by, _, { pair }) => (await attempt(() => auth.issue({ name: 'new', grant: pair[1] }, by)))?.token,
    ],
    [
      'edits',
      async (auth, by, { token, record }, { pair }) =>
        (await attempt(() => auth.edit(record.id, { grant: managing(pair[1]) }, by))) && token,
    ],
    ['rotates', async (auth, by, { record }) => (await attempt(() => auth.rotate(record.id, {}, by)))?.token],
    ['exchanges', async (auth, by, _, { pair }) => (await attempt(() => auth.exchange({ grant: pair[1] }, by)))?.token],
    ['exchanges whole', async (auth, by) => (await attempt(() => auth.exchange({}, by)))?.token],
  ])('what a principal %s may do nothing that the principal may not', async (act, run) => {
    let told = 0;
    let done = 0;
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) => {
        const set = await setScene(scene);
        if (set === undefined) return;
        const { auth, by, other, clock } = set;
        // Editing something to less than it was may leave it what else it was.
        const before = await auth.verify(other.token);
        const text = await run(auth, by, other, scene);
        if (text === undefined) return;
        done++;
        const made = await auth.verify(text);
        if (by.project !== undefined) expect(made.project).toBe(by.project);
        for (const [request, context] of scene.trials) {
          // Where the request names no project, it is for that of what was made; the maker may name it, too.
          const project = request.project ?? made.project;
          const trial = [project === undefined ? request : { ...request, project }, context] as const;
          clock.advance(context.now.getTime() - clock().getTime());
          if (act === 'edits' && allows(auth, before, trial)) continue;
          const allowed = allows(auth, made, trial);
          if (allowed === undefined) continue;
          told++;
          const bound = allows(auth, by, trial);
          expect(bound).toBeDefined();
          expect(allowed.approval || !bound?.approval).toBe(true);
          expect(allowed.limits?.maxOutputTokens ?? Infinity).toBeLessThanOrEqual(
            bound?.limits?.maxOutputTokens ?? Infinity,
          );
        }
      }),
      { numRuns: 400 },
    );
    expect(done).toBeGreaterThan(10);
    expect(told).toBeGreaterThan(5);
  });

  it('what is listed is shown and can be revoked, and nothing else', async () => {
    let listed = 0;
    let hidden = 0;
    await fc.assert(
      fc.asyncProperty(scenes, fc.boolean(), async (scene, derived) => {
        const set = await setScene(scene);
        if (set === undefined) return;
        const { auth, by } = set;
        const holder = await auth.verify(set.other.token);
        // Before its time it makes nothing.
        const other = derived ? (await attempt(() => auth.exchange({}, holder)))?.record : set.other.record;
        if (other === undefined) return;
        const found = await attempt(() => auth.list(by));
        if (found === undefined) return;
        const visible = found.some(({ id }) => id === other.id);
        if (visible) listed++;
        else hidden++;
        expect((await attempt(() => auth.show(other.id, by))) !== undefined).toBe(visible);
        expect((await attempt(() => auth.revoke(other.id, by))) !== undefined).toBe(visible);
        expect(found.map(({ id }) => id)).toEqual((await auth.list(by)).map(({ id }) => id));
      }),
      { numRuns: 400 },
    );
    expect(listed).toBeGreaterThan(20);
    expect(hidden).toBeGreaterThan(20);
  });
});
