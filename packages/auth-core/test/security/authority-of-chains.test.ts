import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type AccessRequest,
  AuthError,
  attenuateToken,
  createMemoryLimitStore,
  createMeter,
  type Decision,
  type Grant,
  type Principal,
} from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { contexts, grants, requests } from '../authority/arbitraries.ts';
import { decide, llm, parseGrant } from '../words.ts';
import { type EveryKind, setUpEveryKind } from './every-kind.ts';

/** What the store keeps of a token, which may be changed there. */
interface Cell {
  readonly id: string;
  grant: Grant;
  endsAt: number;
}

/** A text that somebody holds, and all that must bound it: as it is now, and as it was when something was made of it. */
interface Held {
  readonly text: string;
  readonly grants: () => readonly Grant[];
  readonly endsAt: () => number;
  readonly project: string | undefined;
  readonly derived: boolean;
  readonly cell: Cell;
}

interface World extends EveryKind {
  readonly held: Held[];
  readonly seen: Map<string, number>;
  readonly trials: readonly (readonly [AccessRequest, { readonly address?: string }])[];
}

const ACTS = ['attenuate', 'access', 'exchange', 'issue', 'edit', 'narrow', 'rotate', 'wait'] as const;
const managing = (grant: Grant): Grant => ({
  ...grant,
  actions: [...new Set([...grant.actions, 'tokens:write' as const])],
});

const steps = fc.record({
  act: fc.constantFrom(...ACTS),
  /** Counted from the one that was made last. */
  holder: fc.oneof(fc.nat(1), fc.nat(20)),
  /** What is asked for, or what to put into the grant that the holder has. */
  grant: fc.tuple(grants, fc.boolean()).map(([grant, manages]) => (manages ? managing(grant) : grant)),
  keys: fc.subarray(['models', 'mcp', 'ephemeralMcp', 'networks', 'projects', 'limits'] as const, { maxLength: 1 }),
  project: fc.constantFrom(undefined, undefined, 'a', 'b', 'ab'),
  seconds: fc.constantFrom(1, 299, 86_400, 13 * 86_400),
});
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

const resolvePath = (path: string) => (path === '/s/t/u' ? '/s-evil' : path);
const read = (time: string | undefined) => (time === undefined ? Number.POSITIVE_INFINITY : Date.parse(time));

/** What an act answers; undefined when it was refused in the library's own words. */
async function attempt<T>(act: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return undefined;
  }
}

/** Does what a step says, and adds what came of it to what is held. */
async function take(world: World, { act, holder, grant, keys, project, seconds }: Step): Promise<void> {
  const { auth, access, clock, held, operator } = world;
  const from = held.at(-1 - (holder % held.length));
  if (act === 'wait' || from === undefined) return clock.advance(seconds * 1000);
  const { cell } = from;
  if (act === 'edit') {
    if ((await attempt(() => auth.edit(cell.id, { grant }, operator))) !== undefined) cell.grant = grant;
    return;
  }
  const presented = await attempt(() => auth.verify(from.text));
  const by =
    presented && project !== undefined ? await attempt(() => auth.selectProject(presented, project)) : presented;
  if (by === undefined) return;
  const near: Grant = { ...cell.grant, ...Object.fromEntries(keys.map((key) => [key, grant[key] ?? cell.grant[key]])) };
  const changed = parseGrant(JSON.parse(JSON.stringify(near)));
  const hold = (text: string, more: Partial<Held>) => void held.push({ ...from, project: by.project, text, ...more });
  const until = (end: number) => () => Math.min(from.endsAt(), end);

  if (act === 'attenuate') {
    const text = await attempt(() => attenuateToken(llm, from.text, grant));
    if (text === undefined) return;
    const { grants, project: own } = from;
    hold(text, {
      grants: () => [...grants(), grant],
      endsAt: until(read(grant.expiresAt)),
      project: own,
      derived: true,
    });
  } else if (act === 'access') {
    const made = await attempt(() => access.issue(by, { grant }));
    if (made === undefined) return;
    const kept = [...from.grants(), grant];
    hold(made.token, { grants: () => [...from.grants(), ...kept], endsAt: until(read(made.expiresAt)), derived: true });
  } else if (act === 'rotate') {
    const made = await attempt(() => auth.rotate(by.id, {}, by));
    if (made === undefined) return;
    hold(made.token, { project: from.project });
  } else if (act === 'narrow') {
    const bounds = from.grants();
    if ((await attempt(() => auth.edit(cell.id, { grant: changed }, by))) === undefined) return;
    // Its caller has made of it something that it covers: less than it was, or less than the caller is.
    cell.grant = changed;
    expectWithin(world, from.grants(), bounds, from.project);
  } else {
    const asked = act === 'issue' ? changed : grant;
    const input = { name: 'made', grant: asked };
    const made = await attempt(() => (act === 'issue' ? auth.issue(input, by) : auth.exchange(input, by)));
    if (made === undefined) return;
    const own: Cell = { id: made.record.id, grant: asked, endsAt: read(made.record.expiresAt) };
    const isOwn = act === 'issue' && !from.derived;
    if (isOwn) expectWithin(world, [asked], from.grants(), by.project);
    hold(made.token, {
      cell: own,
      grants: () => [...(isOwn ? [] : from.grants()), own.grant],
      endsAt: () => Math.min(isOwn ? own.endsAt : from.endsAt(), own.endsAt),
      derived: !isOwn,
    });
    expect(own.endsAt).toBeLessThanOrEqual(read(by.expiresAt));
  }
  world.seen.set(act, (world.seen.get(act) ?? 0) + 1);
}

function judge(
  { clock }: World,
  list: readonly Grant[],
  request: AccessRequest,
  address: string | undefined,
): Decision {
  // The limits of rules are counted for a grant that has an id.
  const authority = list.map((grant, index) => ({ grant: parseGrant(grant), source: 'model', id: String(index) }));
  const context = { now: clock(), patterns: re2jsPatterns, resolvePath, ...(address !== undefined && { address }) };
  return decide(authority, request, context);
}

const inProject = (request: AccessRequest, project: string | undefined) =>
  project === undefined ? request : { ...request, project: request.project ?? project };

function expectWithin(world: World, inner: readonly Grant[], outer: readonly Grant[], project: string | undefined) {
  for (const [request, { address }] of world.trials) {
    const asked = inProject(request, project);
    if (!judge(world, inner, asked, address).allowed) continue;
    expect(judge(world, outer, asked, address)).toMatchObject({ allowed: true });
  }
}

/** Whoever is let in may do exactly what all that bounds the text allows, with the least of its limits. */
async function lookAt(world: World, held: Held): Promise<void> {
  const { auth, clock } = world;
  const principal = await attempt(() => auth.verify(held.text));
  if (principal === undefined) return;
  expect(clock().getTime()).toBeLessThan(held.endsAt());
  expect(principal.project).toBe(held.project);
  const bounds = held.grants();
  for (const [request, { address }] of world.trials) {
    const decision = auth.decide(principal, request, address === undefined ? {} : { address });
    const isForeign = held.project !== undefined && request.project !== undefined && request.project !== held.project;
    const expected = judge(world, bounds, inProject(request, held.project), address);
    if (isForeign || !expected.allowed) expect(decision.allowed).toBe(false);
    else expect(withoutIds(decision)).toEqual(withoutIds(expected));
    if (decision.allowed && bounds.length > 2) world.seen.set('allowed', (world.seen.get('allowed') ?? 0) + 1);
  }
  await expectLimits(world, principal, bounds);
}

/** A decision without the names of the tokens by which uses are counted. */
function withoutIds(decision: Decision) {
  if (!decision.allowed || decision.uses === undefined) return decision;
  const uses = decision.uses.map(({ name, limit, window, rule }) => JSON.stringify({ name, limit, window, rule }));
  return { ...decision, uses: uses.sort() };
}

async function expectLimits({ clock }: World, principal: Principal, bounds: readonly Grant[]): Promise<void> {
  const states = await createMeter({ vocabulary: llm, store: createMemoryLimitStore(), clock }).usage(principal);
  for (const name of ['requestsPerMinute', 'concurrentRequests', 'tokensPerDay', 'tokensPerMonth'] as const) {
    const counted = states.filter((state) => state.name === name).map(({ limit }) => limit);
    expect(Math.min(...counted)).toBe(Math.min(...bounds.flatMap(({ limits }) => limits?.[name] ?? [])));
  }
}

it('whatever becomes of tokens in whatever order, nothing ever does more than all that it came from', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.record({ grant: grants, project: fc.constantFrom(undefined, undefined, 'a'), ends: fc.boolean() }),
      fc.array(steps, { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(requests, contexts), { minLength: 6, maxLength: 6 }),
      async ({ grant, project, ends }, list, trials) => {
        const installation = setUpEveryKind({ cacheMilliseconds: 0, patterns: re2jsPatterns, resolvePath });
        const input = {
          name: 'first',
          grant: managing(grant),
          ...(project !== undefined && { project }),
          ...(ends && { expiresAt: '2027-01-20T00:00:00Z' }),
        };
        const first = await attempt(() => installation.auth.issue(input, installation.operator));
        if (first === undefined) return;
        const cell: Cell = { id: first.record.id, grant: input.grant, endsAt: read(first.record.expiresAt) };
        const root = {
          text: first.token,
          grants: () => [cell.grant],
          endsAt: () => cell.endsAt,
          project,
          derived: false,
          cell,
        };
        const world: World = { ...installation, held: [root], seen, trials };
        for (const step of list) {
          await take(world, step);
          for (const held of world.held) await lookAt(world, held);
        }
      },
    ),
    { numRuns: 300 },
  );
  // The property would hold where every act is refused.
  for (const act of [...ACTS.filter((one) => one !== 'edit' && one !== 'wait'), 'allowed']) {
    expect([act, seen.get(act) ?? 0]).toEqual([act, expect.toSatisfy((times: number) => times > 10)]);
  }
}, 60_000);
