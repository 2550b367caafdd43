import { describe, expect, it } from 'vitest';
import {
  type AccessRequest,
  type Action,
  type Authority,
  type DecisionContext,
  describeDenial,
  type Grant,
} from '../../src/index.ts';
import type { EphemeralRequest } from '../../src/llm/index.ts';
import { decide, FULL_GRANT } from '../words.ts';

const context: DecisionContext = { now: new Date('2027-01-15T12:00:00Z'), address: '10.0.0.7' };

/** Decides by one grant that, beside what is given, allows to chat. */
function ask(grant: Partial<Grant>, request: Partial<AccessRequest> = {}, extra: Partial<DecisionContext> = {}) {
  const authority: Authority = [{ grant: { actions: ['chat'], ...grant }, source: 'token ci-bot' }];
  return decide(authority, { action: 'chat', ...request }, { ...context, ...extra });
}

const allowed = { allowed: true, approval: false };
const denied = (rule: string) => ({ allowed: false, grant: 1, source: 'token ci-bot', rule });

describe('decide', () => {
  it('denies everything when there is no grant', () => {
    expect(decide([], { action: 'chat' }, context)).toMatchObject({ allowed: false, grant: 0, rule: 'authority' });
  });

  it('allows everything by the full grant', () => {
    const request: AccessRequest = {
      action: 'models:download',
      models: 'any/thing',
      mcp: { server: 'mcp/files', name: 'delete_file', arguments: { path: '/' } },
      ephemeralMcp: { host: 'example.com', tool: 'x' },
      project: 'web',
    };
    expect(decide([{ grant: FULL_GRANT, source: 'all' }], request, { now: new Date() })).toEqual(allowed);
  });

  it('names the grant that denies, counted from one', () => {
    const authority: Authority = [
      { grant: FULL_GRANT, source: 'server policy' },
      { grant: { actions: ['chat'] }, source: 'token ci-bot' },
      { grant: { actions: [] }, source: 'request' },
    ];
    expect(decide(authority, { action: 'chat' }, context)).toEqual({
      allowed: false,
      grant: 3,
      source: 'request',
      rule: 'actions',
      reason: 'action chat is not granted',
    });
  });

  it('says how many tokens and tool calls the tightest grant leaves', () => {
    const authority: Authority = [
      { grant: { ...FULL_GRANT, limits: { maxOutputTokens: 100 } }, source: 'a' },
      { grant: { ...FULL_GRANT, limits: { maxOutputTokens: 200, toolCallsPerRequest: 3 } }, source: 'b' },
      { grant: { ...FULL_GRANT, limits: { maxOutputTokens: 50, toolCallsPerRequest: 0 } }, source: 'c' },
    ];
    expect(decide(authority, { action: 'chat' }, context)).toEqual({
      ...allowed,
      limits: { maxOutputTokens: 50, toolCallsPerRequest: 0 },
    });
  });
});

describe('actions', () => {
  it('are denied unless they are named', () => {
    expect(ask({}, { action: 'chat' })).toEqual(allowed);
    expect(ask({}, { action: 'embeddings' })).toMatchObject(denied('actions'));
    expect(ask({ actions: ['*'] }, { action: 'tokens:write' })).toEqual(allowed);
  });

  it('are no globs', () => {
    expect(ask({ actions: ['tokens:*'] as never }, { action: 'tokens:write' })).toMatchObject(denied('actions'));
    expect(() => ask({}, { action: 'toString' as Action })).toThrow(/the vocabulary has no action "toString"/);
  });
});

describe('models', () => {
  it('are denied unless a glob matches', () => {
    expect(ask({ models: ['ibm/*'] }, { models: 'ibm/granite-4' })).toEqual(allowed);
    expect(ask({ models: ['ibm/*'] }, { models: 'IBM/granite-4' })).toMatchObject(denied('models'));
    expect(ask({}, { models: 'ibm/granite-4' })).toMatchObject(denied('models'));
  });

  it('are not decided when none is named', () => {
    expect(ask({})).toEqual(allowed);
  });
});

describe('times', () => {
  it.each<[Partial<Grant>, string | undefined]>([
    [{ notBefore: '2027-01-15T12:00:00Z' }, undefined],
    [{ notBefore: '2027-01-15T12:00:01Z' }, 'notBefore'],
    [{ expiresAt: '2027-01-15T12:00:01Z' }, undefined],
    [{ expiresAt: '2027-01-15T12:00:00Z' }, 'expiresAt'],
    [{ expiresAt: '2027-01-15T13:30:00+02:00' }, 'expiresAt'],
    [{ notBefore: 'some day' }, 'notBefore'],
    [{ expiresAt: 'some day' }, 'expiresAt'],
  ])('%j: %s', (grant, rule) => {
    expect(ask(grant)).toMatchObject(rule === undefined ? allowed : denied(rule));
  });
});

describe('networks', () => {
  const grant = { networks: ['10.0.0.0/8', 'fd00::/8'] };

  it.each(['10.0.0.7', '::ffff:10.0.0.7', 'fd00::1'])('allow %s', (address) => {
    expect(ask(grant, {}, { address })).toEqual(allowed);
  });

  it.each(['11.0.0.1', '::1', '', 'localhost', '10.0.0.7, 1.2.3.4'])('deny "%s"', (address) => {
    expect(ask(grant, {}, { address })).toMatchObject(denied('networks'));
  });

  it('deny whoever has no address', () => {
    const authority: Authority = [{ grant: { actions: ['chat'], ...grant }, source: 'token ci-bot' }];
    expect(decide(authority, { action: 'chat' }, { now: new Date() })).toMatchObject(denied('networks'));
  });

  it('allow nobody when the list is empty or cannot be read', () => {
    expect(ask({ networks: [] })).toMatchObject(denied('networks'));
    expect(ask({ networks: ['everywhere'] })).toMatchObject(denied('networks'));
  });
});

describe('projects', () => {
  it('are free unless the grant names some', () => {
    expect(ask({}, { project: 'web' })).toEqual(allowed);
    expect(ask({ projects: ['web', 'app-*'] }, { project: 'app-ios' })).toEqual(allowed);
    expect(ask({ projects: ['web'] }, { project: 'mobile' })).toMatchObject(denied('projects'));
  });

  it('deny a request outside any project once the grant names some', () => {
    expect(ask({ projects: ['*'] })).toMatchObject(denied('projects'));
  });
});

describe('servers that a request brings along', () => {
  const grant = { ephemeralMcp: { hosts: ['*.example.com'], tools: ['read_*'] } };

  it.each<[Partial<Grant>, EphemeralRequest | undefined, boolean]>([
    [grant, { host: 'mcp.example.com' }, true],
    [grant, { host: 'mcp.example.com', tool: 'read_page' }, true],
    [grant, { host: 'mcp.example.com', tool: 'write_page' }, false],
    [grant, { host: 'example.org' }, false],
    [grant, { host: 'example.org', tool: 'read_page' }, false],
    [{ ephemeralMcp: { hosts: ['*'], tools: [] } }, { host: 'example.org' }, false],
    [{}, { host: 'example.org' }, false],
  ])('%j, %j: %s', (given, ephemeral, expected) => {
    expect(ask(given, { ephemeralMcp: ephemeral ?? { host: '' } })).toMatchObject(
      expected ? allowed : denied('ephemeralMcp'),
    );
  });
});

describe('describeDenial', () => {
  it('says in one line which grant denied and why', () => {
    const grant: Partial<Grant> = {
      mcp: { 'mcp/files': { tools: { write_file: { arguments: { content: { maxLength: 4000 } } } } } },
    };
    const tool = { server: 'mcp/files', name: 'write_file', arguments: { content: 'x'.repeat(4001) } };
    const authority: Authority = [
      { grant: FULL_GRANT, source: 'server policy' },
      { grant: { actions: ['chat'], ...grant }, source: 'token ci-bot' },
    ];
    const decision = decide(authority, { action: 'chat', mcp: tool }, context);
    expect(decision.allowed || describeDenial(decision)).toBe(
      'grant #2 (token ci-bot): mcp/files.write_file: argument content longer than 4000',
    );
  });

  it('keeps what a stranger named on one short line', () => {
    const decision = ask({}, { models: `a\r\nforged: line\u202e ${'x'.repeat(500)}` });
    const line = decision.allowed ? '' : describeDenial(decision);
    expect(line).not.toMatch(/[\r\n\u202e]/);
    expect(line.length).toBeLessThan(200);
  });
});
