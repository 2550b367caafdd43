import fc from 'fast-check';
import type {
  AccessRequest,
  ArgumentConstraint,
  Authority,
  DecisionContext,
  Grant,
  ToolRule,
} from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';

/*
 * Small worlds: few names, few values, so that grants and requests meet often.
 */
const glob = fc.constantFrom('*', 'a', 'b', 'a*', '*b', 'ab', 'a*b', 'a/*');
const globs = fc.uniqueArray(glob, { maxLength: 3 });
const name = fc.constantFrom('a', 'b', 'ab', 'a/b', 'aab', '__proto__');
/** Names of arguments: some are other spellings of others. */
const argument = fc.constantFrom('a', 'b', 'A', '\uff41', 'a_', '__proto__');
const host = fc.constantFrom('*', 'a', 'b', 'a*', '*b', 'a:8080', 'b:*', '*:443', '[::1]', '[::1]:8080');
const hosts = fc.uniqueArray(host, { maxLength: 3 });
const times = fc.constantFrom('2027-01-01T00:00:00Z', '2027-01-15T12:00:00Z', '2027-02-01T01:00:00+01:00');
const small = fc.integer({ min: 0, max: 3 });

function optional<T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { requiredKeys: [] }) as unknown as fc.Arbitrary<T>;
}

/** Leaves out keys that would deny nearly every request, most of the time. */
function seldom<T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.integer({ min: 0, max: 3 }).chain((dice) => (dice === 0 ? optional(model) : fc.constant({} as T)));
}

const scalar = fc.constantFrom('', 'a', 'bb', 'abc', 0, 1, 2.5, null, true);
const path = fc.constantFrom('/s', '/s/t', '/s/t/u', '/s-evil', '/');
const url = fc.constantFrom(
  'http://a/',
  'https://a:8080',
  'https://b:8080/',
  'http://[::1]/',
  'http://[::1]:8080/',
  'http://10.0.0.1/',
  '10.0.0.1',
  '::1',
  'ftp://a',
);

/** Constraints of arguments. */
export const constraints: fc.Arbitrary<ArgumentConstraint> = fc.letrec<{ node: ArgumentConstraint }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    optional<Pick<ArgumentConstraint, 'type' | 'minLength' | 'maxLength' | 'pattern'>>({
      type: fc.constantFrom('string', 'integer', 'number', 'null'),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom('^a', 'b'),
    }),
    optional<Pick<ArgumentConstraint, 'const' | 'enum'>>({ const: scalar, enum: fc.array(scalar, { maxLength: 3 }) }),
    optional<Pick<ArgumentConstraint, 'minimum' | 'maximum'>>({ minimum: small, maximum: small }),
    optional<Pick<ArgumentConstraint, 'within' | 'pattern' | 'enum'>>({
      within: path,
      pattern: fc.constantFrom('^/s', 't$'),
      enum: fc.array(path, { maxLength: 3 }),
    }),
    fc.record({ within: path, hardLinks: fc.boolean() }),
    fc.record({ hosts }),
    fc.record({ cidr: fc.constantFrom(['10.0.0.0/8'], ['10.0.0.0/24', '::/0'], ['::1']) }),
    optional<Pick<ArgumentConstraint, 'maxItems' | 'items'>>({ maxItems: small, items: tie('node') }),
    optional<Pick<ArgumentConstraint, 'properties' | 'required'>>({
      properties: fc.dictionary(argument, tie('node'), { maxKeys: 2 }),
      required: fc.array(argument, { maxLength: 2 }),
    }),
  ),
})).node;

const leaf = fc.oneof(scalar, path, url);
/** Arguments that such constraints may meet. */
export const values = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(argument, leaf, { maxKeys: 2 }));

const rule: fc.Arbitrary<ToolRule> = optional<ToolRule>({
  approval: fc.constant('ask' as const),
  arguments: fc.dictionary(argument, constraints, { maxKeys: 2 }),
  additionalArguments: fc.boolean(),
  callsPerMinute: fc.integer({ min: 1, max: 3 }),
  callsPerDay: fc.integer({ min: 1, max: 3 }),
});

const classes = fc.constantFrom('@readOnly', '@additive', '@destructive');
const toolKey = fc.oneof({ weight: 4, arbitrary: glob }, { weight: 1, arbitrary: classes });
const server = fc.record({ tools: fc.dictionary(toolKey, fc.oneof(fc.constant({}), rule), { maxKeys: 3 }) });
const network = fc.uniqueArray(fc.constantFrom('10.0.0.0/8', '10.0.0.0/24', '0.0.0.0/0', '::1'), { maxLength: 2 });
const actions = fc.uniqueArray(fc.constantFrom('chat' as const, 'embeddings' as const, '*' as const), { maxLength: 3 });

/** Valid grants. */
export const grants: fc.Arbitrary<Grant> = fc
  .tuple(
    fc.record({ actions: fc.oneof({ weight: 5, arbitrary: fc.constant(['chat' as const]) }, actions) }),
    optional<Pick<Grant, 'models' | 'mcp' | 'ephemeralMcp' | 'limits'>>({
      models: globs,
      mcp: fc.dictionary(fc.oneof(fc.constant('*'), glob), server, { maxKeys: 2 }),
      ephemeralMcp: fc.record({ hosts, tools: globs }),
      limits: optional<NonNullable<Grant['limits']>>({
        requestsPerMinute: small,
        tokensPerDay: small,
        tokensPerMonth: small,
        concurrentRequests: small,
        maxOutputTokens: small,
        toolCallsPerRequest: small,
        weight: fc.constantFrom(0.5, 1, 2),
      }),
    }),
    seldom<Pick<Grant, 'networks' | 'projects' | 'notBefore' | 'expiresAt'>>({
      networks: network,
      projects: globs,
      notBefore: times,
      expiresAt: times,
    }),
  )
  .map(([required, what, where]) => ({ ...required, ...what, ...where }));

/** Grants with a narrower, wider or merely other version of themselves. */
export const grantPairs: fc.Arbitrary<[Grant, Grant]> = fc
  .tuple(
    grants,
    grants,
    fc.uniqueArray(fc.constantFrom('models', 'mcp', 'mcp', 'ephemeralMcp', 'networks', 'limits'), { maxLength: 2 }),
  )
  .map(([parent, other, keys]) => {
    const child: Record<string, unknown> = { ...parent };
    for (const key of keys) {
      delete child[key];
      if (Object.hasOwn(other, key)) child[key] = other[key as keyof Grant];
    }
    return [parent, child as unknown as Grant];
  });

export const authorities: fc.Arbitrary<Authority> = fc.array(
  fc.record({ grant: grants, source: fc.constant('someone'), added: fc.boolean() }),
  {
    maxLength: 3,
  },
);

const tool = fc
  .tuple(
    name,
    optional({
      name,
      arguments: fc.dictionary(argument, values, { maxKeys: 3 }),
      argumentNames: fc.uniqueArray(argument, { maxLength: 3 }),
      effect: fc.constantFrom('readOnly' as const, 'additive' as const, 'destructive' as const),
    }),
  )
  .map(([serverName, rest]) => ({ server: serverName, ...rest }));

/** Requests, most of them for a tool. */
export const requests: fc.Arbitrary<AccessRequest> = fc
  .tuple(
    fc.record({ action: fc.constantFrom('chat' as const, 'chat' as const, 'chat' as const, 'tokens:write' as const) }),
    fc.oneof(fc.record({ mcp: tool }), fc.record({ mcp: tool }), fc.constant({})),
    seldom<Pick<AccessRequest, 'models' | 'ephemeralMcp' | 'project'>>({
      models: name,
      ephemeralMcp: fc
        .tuple(fc.constantFrom('a', 'b', 'ab', 'a:8080', 'b:22', 'a:80', '[::1]:8080'), optional({ tool: name }))
        .map(([asked, rest]) => ({ host: asked, ...rest })),
      project: name,
    }),
  )
  .map(([action, target, rest]) => ({ ...action, ...target, ...rest }));

/** What is known beside the request: sometimes little. */
export const contexts: fc.Arbitrary<DecisionContext> = fc
  .tuple(
    times.map((now) => ({ now: new Date(now) })),
    optional<Pick<DecisionContext, 'address' | 'patterns' | 'resolvePath'>>({
      address: fc.constantFrom('10.0.0.1', '10.1.0.1', '::ffff:10.0.0.1', '::1', 'unknown'),
      patterns: fc.constant(re2jsPatterns),
      resolvePath: fc.constantFrom<NonNullable<DecisionContext['resolvePath']>>(
        (text) => (text === '/s/t/u' ? '/s-evil' : text),
        (text) => (text === '/s/t' ? '/s/t/u' : text),
        (text, { hardLinks }) => (text === '/s/t' && !hardLinks ? undefined : text),
      ),
    }),
  )
  .map(([now, rest]) => ({ ...now, ...rest }));
