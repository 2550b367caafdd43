import { describe, expect, it } from 'vitest';
import { type GrantSurroundings, llm, reviewGrant } from '../../src/llm/index.ts';

const surroundings: GrantSurroundings = {
  now: new Date('2027-01-15T12:00:00Z'),
  actions: ['chat', 'embeddings', 'models:read', 'tokens:write', 'mcp:read'],
  models: ['ibm/granite-4', 'latchkey/nano'],
  servers: ['mcp/files', 'mcp/search'],
  resolvePath: (path) => ({ '/srv/docs': '/srv/docs', '/tmp/docs': '/private/tmp/docs' })[path.replace(/\/$/, '')],
};

const review = (grant: object, known: GrantSurroundings = surroundings) =>
  reviewGrant(llm.parseGrant({ actions: ['chat'], models: ['*'], ...grant }), known);

const tool = (rule: object) => ({ mcp: { 'mcp/files': { tools: { read: { arguments: { path: rule } } } } } });
const PATH = 'mcp["mcp/files"].tools["read"].arguments["path"]';

describe('reviewGrant', () => {
  it.each<readonly [string, object]>([
    ['everything', { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } }],
    ['a model that there is', { models: ['ibm/*'] }],
    ['a server that there is', { mcp: { 'mcp/f*': { tools: { '*': {} } } } }],
    ['a folder by its real path', tool({ within: '/srv/docs' })],
    ['a folder with a slash at its end', tool({ within: '/srv/docs/' })],
    ['an end to come', { notBefore: '2027-01-01T00:00:00Z', expiresAt: '2027-02-01T00:00:00Z' }],
    ['no tool calls', { limits: { toolCallsPerRequest: 0, requestsPerMinute: 5 } }],
    ['servers of requests', { ephemeralMcp: { hosts: ['a.example'], tools: ['*'] } }],
    ['ranges that have room', tool({ minimum: 1, maximum: 1, minLength: 0, maxLength: 0, enum: [1] })],
    ['places that are named', { networks: ['10.0.0.0/8'], projects: ['web'] }],
    ['administration without models', { actions: ['tokens:write'], models: [] }],
  ])('has nothing to say about %s', (_, grant) => {
    expect(review(grant)).toEqual([]);
  });

  it.each<readonly [string, object, string, RegExp]>([
    ['no action', { actions: [], models: [] }, 'actions', /nothing is allowed/],
    ['an action without a route', { actions: ['chat', 'metrics:read'] }, 'actions', /metrics:read/],
    ['chat without a model', { models: [] }, 'models', /no model is named/],
    ['models without an action for them', { actions: ['tokens:write'] }, 'models', /no action/],
    ['a model that is not there', { models: ['ibm/*', 'gone/*'] }, 'models[1]', /matches no model/],
    ['a server by its label', { mcp: { files: { tools: { '*': {} } } } }, 'mcp["files"]', /; mcp\/files does/],
    ['a server that is not there', { mcp: { gone: { tools: { '*': {} } } } }, 'mcp["gone"]', /that there is now$/],
    ['a server without tools', { mcp: { 'mcp/files': { tools: {} } } }, 'mcp["mcp/files"]', /no tool/],
    [
      'tools without an action for them',
      { actions: ['models:read'], mcp: { 'mcp/files': { tools: { '*': {} } } } },
      'mcp',
      /takes chat/,
    ],
    [
      'servers of requests without chat',
      { actions: ['models:read'], ephemeralMcp: { hosts: ['*'], tools: ['*'] } },
      'ephemeralMcp',
      /needs the action chat/,
    ],
    ['servers of requests on no host', { ephemeralMcp: { hosts: [], tools: ['*'] } }, 'ephemeralMcp', /allows nothing/],
    [
      'servers of requests without a tool',
      { ephemeralMcp: { hosts: ['*'], tools: [] } },
      'ephemeralMcp',
      /allows nothing/,
    ],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt', /expired at 2020/],
    ['an end at this moment', { expiresAt: '2027-01-15T12:00:00Z' }, 'expiresAt', /expired/],
    [
      'a beginning after the end',
      { notBefore: '2028-01-01T00:00:00Z', expiresAt: '2027-12-01T00:00:00Z' },
      'notBefore',
      /expired already/,
    ],
    ['networks that are empty', { networks: [] }, 'networks', /empty/],
    ['projects that are empty', { projects: [] }, 'projects', /empty/],
    ['a limit of nothing', { limits: { tokensPerDay: 0 } }, 'limits.tokensPerDay', /nothing is allowed/],
    [
      'a folder by another path than its real one',
      tool({ within: '/tmp/docs' }),
      PATH,
      /real path is \/private\/tmp\/docs/,
    ],
    ['a folder that is none', tool({ within: 'docs' }), PATH, /not the full path/],
    ['no value', tool({ enum: [] }), PATH, /enum is empty/],
    ['a range of numbers without any', tool({ minimum: 2, maximum: 1 }), PATH, /minimum/],
    ['a range of lengths without any', tool({ minLength: 2, maxLength: 1 }), PATH, /minLength/],
    ['no host', tool({ hosts: [] }), PATH, /hosts is empty/],
    ['no address', tool({ cidr: [] }), PATH, /cidr is empty/],
    ['a URL for a host', tool({ hosts: ['https://a.example'] }), PATH, /written like/],
    ['what is wrong with the items of a list', tool({ items: { within: 'docs' } }), PATH, /not the full path/],
    ['what is wrong inside an object', tool({ properties: { to: { enum: [] } } }), PATH, /enum is empty/],
  ])('finds %s', (_, grant, path, message) => {
    expect(review(grant)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it('compares nothing with what it does not know', () => {
    const grant = { actions: ['chat', 'metrics:read'], models: ['gone'], ...tool({ within: 'docs' }) };
    expect(review(grant, { now: surroundings.now })).toEqual([]);
  });
});
