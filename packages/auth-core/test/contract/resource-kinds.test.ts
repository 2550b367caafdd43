import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hosts, names, type ResourceKind, tools } from '../../src/index.ts';
import { ephemeralServers } from '../../src/llm/ephemeral-servers.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { type ResourceKindSamples, resourceKindContract } from '../../src/testing/index.ts';
import { grants, requests } from '../authority/arbitraries.ts';

const context = { patterns: re2jsPatterns, resolvePath: (path: string) => path };

/** What the generators of whole grants and requests come up with for one kind, and nothing else. */
function samplesOf<Rule, Asked>(
  name: 'models' | 'mcp' | 'ephemeralMcp',
  listed?: (asked: Asked) => Asked | undefined,
): ResourceKindSamples<Rule, Asked> {
  const rules = fc.sample(grants, 600).flatMap((grant) => (grant[name] === undefined ? [] : [grant[name] as Rule]));
  const asked = fc
    .sample(requests, 600)
    .flatMap((request) => (request[name] === undefined ? [] : [request[name] as Asked]));
  return { rules: rules.slice(0, 40), asked: asked.slice(0, 40), context, ...(listed && { listed }) };
}

const HOSTS = { rules: [['*'], ['*.example.com'], ['a.example.com:8443'], ['*.example.com:*'], []] };
const places = ['a.example.com', 'a.example.com:8443', 'example.org', 'b.example.com:80', '[::1]:443'];

describe('names()', () => {
  for (const { name, run } of resourceKindContract(names(), samplesOf('models'))) it(name, run);
});

describe('hosts()', () => {
  for (const { name, run } of resourceKindContract(hosts(), { ...HOSTS, asked: places })) it(name, run);
});

describe('tools()', () => {
  const listed = ({ arguments: _, ...tool }: { readonly server: string; readonly arguments?: unknown }) => tool;
  for (const { name, run } of resourceKindContract(tools(), samplesOf('mcp', listed))) it(name, run);
});

describe('servers that a request brings along', () => {
  const listed = ({ host }: { readonly host: string }) => ({ host });
  for (const { name, run } of resourceKindContract(ephemeralServers, samplesOf('ephemeralMcp', listed))) it(name, run);
});

/** A rule is the largest amount. */
const amounts: ResourceKind<number, number> = {
  schema: { type: 'number', minimum: 0 },
  everything: Number.MAX_SAFE_INTEGER,
  decide: (rule, asked, { steps }) => {
    steps.spend(1);
    return asked <= rule ? { allowed: true } : { allowed: false, reason: `more than ${rule}` };
  },
  covers: (parent, child) => parent !== undefined && child <= parent,
};
const AMOUNTS = { rules: [0, 5, 10], asked: [1, 7, 12] };

async function failuresOf(kind: ResourceKind<number, number>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of resourceKindContract(kind, { ...AMOUNTS, listed: () => 0 })) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

describe('the contract of resource kinds', () => {
  it('passes a kind that keeps it', async () => {
    expect(await failuresOf(amounts)).toEqual([]);
  });

  let calls = 0;
  it.each<readonly [string, Partial<ResourceKind<number, number>>, RegExp]>([
    ['reads no rule', { schema: { type: 'number', minimum: 0, maximum: 4 }, everything: 4 }, /reads the rules/],
    ['has a widest rule that denies', { everything: 6 }, /allows everything/],
    ['denies without a word', { decide: () => ({}) as never }, /allows everything/],
    ['answers now so, now so', { decide: () => ({ allowed: calls++ % 2 === 0, reason: '' }) as never }, /one answer/],
    ['covers whatever is asked', { covers: () => true }, /covers no rule/],
    ['covers nothing', { covers: () => false }, /covers each rule/],
    ['covers by a word that is not true', { covers: () => 'yes' as never }, /covers each rule/],
    [
      'lists less than may be called',
      { decide: (rule, asked) => ({ allowed: asked > 0 && asked <= rule, reason: '' }) as never },
      /lists whatever/,
    ],
    [
      'takes having no steps for a yes',
      {
        decide(rule, asked, { steps }) {
          try {
            steps.spend(1);
          } catch {
            return { allowed: true };
          }
          return asked <= rule ? { allowed: true } : { allowed: false, reason: '' };
        },
      },
      /few/,
    ],
  ])('finds a kind that %s', async (_, broken, name) => {
    expect((await failuresOf({ ...amounts, ...broken })).join('\n')).toMatch(name);
  });
});
