import { describe, expect, it } from 'vitest';
import { createRequestGuard, requireAccess } from '../../src/http/index.ts';
import {
  type Auth,
  attenuateToken,
  budget,
  createApiKeyFormat,
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  credits,
  defineVocabulary,
  type Grant,
  hosts,
  type Meter,
  names,
  type ResourceKind,
  rate,
  tools,
  type Vocabulary,
  type Words,
} from '../../src/index.ts';
import {
  createAccessTokens,
  readTokenExchange,
  type Scope,
  type SigningKeys,
  scopeOf,
  type TokenExchangeReading,
} from '../../src/jwt/index.ts';
import { type Auth as LlmAuth, llm } from '../../src/llm/index.ts';

const vocabulary = defineVocabulary({
  actions: ['invoices:read', 'invoices:write'],
  resources: { invoices: names('invoice'), jobs: tools(), webhooks: hosts() },
  limits: {
    pagesPerDay: budget('day'),
    readsPerHour: rate('hour'),
    trial: credits(),
    printed: credits({ unit: 'prints' }),
  },
});
const digestKey = new Uint8Array(32).fill(1);
const newAuth = () => createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
const now = new Date('2027-01-15T12:00:00Z');
const alone = (grant: Grant) => [{ grant, source: 'token' }];

describe('a vocabulary', () => {
  it('has the words of the server and those of the library', () => {
    expect(vocabulary.actions).toEqual([
      'invoices:read',
      'invoices:write',
      'tokens:read',
      'tokens:write',
      'settings:read',
      'settings:write',
      'audit:read',
      'usage:read',
    ]);
    expect(Object.keys(vocabulary.limits)).toEqual([
      'requestsPerMinute',
      'concurrentRequests',
      'pagesPerDay',
      'readsPerHour',
      'trial',
      'printed',
    ]);
  });

  it('decides about its resources, and denies those that a grant has no rule for', () => {
    const grant = vocabulary.parseGrant({ actions: ['invoices:read'], invoices: ['2026-*'] });
    const ask = (request: object) => vocabulary.decide(alone(grant), { action: 'invoices:read', ...request }, { now });
    expect(ask({ invoices: '2026-17' })).toEqual({ allowed: true, approval: false });
    expect(ask({ invoices: '2025-17' })).toMatchObject({ rule: 'invoices', reason: 'invoice 2025-17 is not granted' });
    expect(ask({ webhooks: 'a.example' })).toMatchObject({
      rule: 'webhooks',
      reason: 'host a.example is not granted',
    });
    expect(ask({ invoices: '2026-17', jobs: { server: 's' } })).toMatchObject({ rule: 'jobs' });
  });

  it('says where a grant goes beyond another', () => {
    const own = alone(vocabulary.parseGrant({ actions: ['*'], invoices: ['a*'], jobs: { s: { tools: { t: {} } } } }));
    const reasonOf = (grant: Grant<never>) => vocabulary.covers(own, grant);
    expect(reasonOf({ actions: [], invoices: ['ab'] } as never)).toEqual({ covered: true });
    expect(reasonOf({ actions: [], invoices: ['b'] } as never)).toMatchObject({ reason: 'invoices goes beyond token' });
    expect(reasonOf({ actions: [], webhooks: ['b'] } as never)).toMatchObject({ covered: false });
    expect(reasonOf({ actions: [], jobs: { s: { tools: { 'u/*': {} } } } } as never)).toMatchObject({
      reason: 'jobs.s.tools["u/*"] goes beyond token',
    });
  });

  it('writes its own JSON Schema', () => {
    const { properties, $defs } = vocabulary.grantSchema;
    expect(Object.keys(properties ?? {})).toEqual([
      'actions',
      'invoices',
      'jobs',
      'webhooks',
      'networks',
      'projects',
      'notBefore',
      'expiresAt',
      'limits',
      '$schema',
    ]);
    expect(properties?.actions?.items?.enum).toEqual(['*', ...vocabulary.actions]);
    expect(Object.keys(properties?.limits?.properties ?? {})).toEqual(Object.keys(vocabulary.limits));
    expect(Object.keys($defs ?? {}).sort()).toEqual(['constraint', 'glob', 'toolRule']);
    expect(Object.keys(defineVocabulary({}).grantSchema.$defs ?? {})).toEqual(['glob']);
  });

  it('refuses grants in other words', async () => {
    expect(() => vocabulary.parseGrant({ actions: ['chat'] })).toThrow(/actions\[0\] .*known are: \*, invoices:read/);
    expect(() => vocabulary.parseGrant({ actions: [], models: ['*'] })).toThrow(/models/);
    expect(() => vocabulary.parseGrant({ actions: [], limits: { tokensPerDay: 1 } })).toThrow(/limits/);
    const auth = newAuth();
    const grant = { actions: ['chat'] } as never;
    await expect(auth.issue({ name: 'x', grant }, auth.operator())).rejects.toMatchObject({
      code: 'AUTH_GRANT_INVALID',
      path: 'grant.actions[0]',
    });
  });

  it('is asked for other words by a mistake of the server alone', async () => {
    const auth = newAuth();
    const ask = (request: object) => () => auth.decide(auth.operator(), request as never);
    expect(ask({ action: 'chat' })).toThrow(
      new TypeError(`the vocabulary has no action "chat"; it has: ${vocabulary.actions.join(', ')}`),
    );
    expect(ask({ action: 'invoices:read', models: 'x' })).toThrow(/no resource "models"; it has: invoices, jobs/);
    expect(ask({ action: 'invoices:read', toString: 'x' })).toThrow(TypeError);
    expect(() => vocabulary.decide([], { action: 'chat' } as never, { now })).toThrow(TypeError);
    const meter = createMeter({ vocabulary, store: createMemoryLimitStore() });
    const admission = await meter.admit(auth.operator());
    await expect(admission.reserve('tokens' as never, 1, 1)).rejects.toThrow(TypeError);
  });

  it('counts no limit that it does not know as none', async () => {
    const auth = newAuth();
    const grant = { actions: ['invoices:read'], limits: { pagesPerDay: 1 } } as const;
    const { token } = await auth.issue({ name: 'x', grant }, auth.operator());
    const meter = createMeter({ store: createMemoryLimitStore() });
    await expect(meter.admit(await auth.verify(token))).rejects.toThrow(/limit pagesPerDay/);
  });

  it('lets stored tokens in other words do nothing', async () => {
    const store = createMemoryTokenStore();
    const before = createAuth({ vocabulary: llm, store, digestKey });
    const { token } = await before.issue({ name: 'x', grant: { actions: ['*'], models: ['*'] } }, before.operator());
    const auth = createAuth({ vocabulary, store, digestKey, formats: [createApiKeyFormat(llm)] });
    expect(auth.decide(await auth.verify(token), { action: 'invoices:read' })).toMatchObject({ rule: 'actions' });
  });

  it.each<readonly [string, object]>([
    ['an action with a blank', { actions: ['a b'] }],
    ['the star as an action', { actions: ['*'] }],
    ['an action of the library', { actions: ['tokens:read'] }],
    ['an action twice', { actions: ['a', 'a'] }],
    ['a resource that every grant has', { resources: { actions: names() } }],
    ['a resource that every request has', { resources: { project: names() } }],
    ['a resource with the name of what every object has', { resources: { toString: names() } }],
    ['a resource that is no kind', { resources: { a: {} } }],
    ['a limit of the library', { limits: { requestsPerMinute: rate('day') } }],
    ['a limit with the name of what every object has', { limits: { constructor: rate('day') } }],
  ])('cannot have %s', (_, definition) => {
    expect(() => defineVocabulary(definition as never)).toThrow(TypeError);
  });

  it('refuses a kind whose widest rule it cannot read', () => {
    const kind: ResourceKind<string, string> = { ...names(), everything: 'all', covers: () => false } as never;
    expect(() => defineVocabulary({ resources: { a: kind } })).toThrow(/a must be|a /);
  });

  it('has windows of a known length', () => {
    expect(() => rate('week' as never)).toThrow(/minute, hour, day, month/);
  });
});

type WordsOf<V> = V extends Vocabulary<infer W> ? W : never;

/** Compiled and never run: what does not compile is what a `@ts-expect-error` stands above. */
export async function compiles(auth: ReturnType<typeof newAuth>, llmAuth: LlmAuth, keys: SigningKeys): Promise<void> {
  const by = auth.operator();
  const meter = createMeter({ vocabulary, store: createMemoryLimitStore() });
  // Whatever is for any vocabulary takes each of them.
  const anyAuth: readonly Auth[] = [auth, llmAuth];
  const anyVocabulary: readonly Vocabulary[] = [vocabulary, llm];
  const anyMeter: Meter = meter;
  await auth.issue({ name: 'a', grant: { actions: ['invoices:read'], limits: { pagesPerDay: 1 } } }, by);
  // @ts-expect-error an action
  await auth.issue({ name: 'a', grant: { actions: ['chat'] } }, by);
  // @ts-expect-error a limit
  await auth.issue({ name: 'a', grant: { actions: [], limits: { tokensPerDay: 1 } } }, by);
  // @ts-expect-error a resource
  await auth.issue({ name: 'a', grant: { actions: [], models: ['*'] } }, by);
  // @ts-expect-error a rule in another shape
  await auth.issue({ name: 'a', grant: { actions: [], invoices: { a: 1 } } }, by);
  // @ts-expect-error an action of an edited grant
  await auth.edit('a', { grant: { actions: ['chat'] } }, by);
  // @ts-expect-error an action of a caveat
  await attenuateToken(vocabulary, 'sk', { actions: ['chat'] });
  // @ts-expect-error an action that is covered
  vocabulary.covers([], { actions: ['chat'] });
  auth.decide(by, { action: 'invoices:read', invoices: 'a', jobs: { server: 's' } });
  // @ts-expect-error an action that is asked for
  auth.decide(by, { action: 'chat' });
  // @ts-expect-error a resource that is asked for
  auth.decide(by, { action: 'invoices:read', models: 'a' });
  // @ts-expect-error a resource that is asked for in another shape
  auth.decide(by, { action: 'invoices:read', invoices: ['a'] });
  await (await meter.admit(by)).reserve('pagesPerDay', 1, 1);
  await (await meter.admit(by)).reserve('prints', 1, 1);
  // @ts-expect-error credits that requests spend themselves
  await (await meter.admit(by)).reserve('trial', 1, 1);
  const scope: readonly Scope<WordsOf<typeof vocabulary>>[] = scopeOf<WordsOf<typeof vocabulary>>([]);
  // @ts-expect-error an action in a scope
  const wrong: (typeof scope)[number] = 'chat';
  // @ts-expect-error an action of a grant for an access token
  await createAccessTokens({ vocabulary, keys, issuer: 'a' }).issue(by, { grant: { actions: ['chat'] } });
  // @ts-expect-error an action of a request to another server
  const reading = readTokenExchange(vocabulary, {}) satisfies TokenExchangeReading<{ actions: 'chat' } & Words>;
  // @ts-expect-error an action that a middleware asks for
  requireAccess<WordsOf<typeof vocabulary>>({ decide: auth.decide as never }, 'chat');
  const guard = createRequestGuard({ auth });
  const request = { key: {}, presented: () => ({ header: () => [] }), host: () => ({}) as never };
  await guard.pass({ ...request, action: 'invoices:read', describe: () => ({ invoices: 'a' }) });
  // @ts-expect-error an action that a guard asks for
  await guard.pass({ ...request, action: 'chat' });
  console.log(wrong, reading);
  // @ts-expect-error a unit that no budget has
  await (await meter.admit(by)).reserve('readsPerHour', 1, 1);
  const decision = llmAuth.decide(by, { action: 'chat', models: 'a' });
  if (decision.allowed) {
    console.log(decision.limits?.maxOutputTokens, decision.instead?.mcp?.arguments);
    // @ts-expect-error a limit that no decision reports
    console.log(decision.limits?.tokensPerDay);
  }
  console.log(anyAuth, anyVocabulary, anyMeter);
}
