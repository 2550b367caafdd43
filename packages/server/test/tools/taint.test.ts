import { describe, expect, it } from 'vitest';
import { followTaint, judgeOutsideRun, type TaintRules } from '../../src/tools/taint.ts';

const rules = (changes: Partial<TaintRules> = {}): TaintRules => ({
  taint: 'deny',
  taintedCalls: ['egress'],
  toolLabels: {
    'mcp/web': { '*': ['untrusted'] },
    'mcp/mail': { 'send_*': ['egress'], read: ['private'] },
    'mcp/c.m': { '*': ['egress'] },
  },
  ...changes,
});
const yes = { allowed: true } as const;
const call = (server: string, tool: string) => ({ server, tool, arguments: {} });
const send = call('mcp/mail', 'send_mail');

describe('taint', () => {
  it('stops egress once untrusted content has entered, and says why', () => {
    const taint = followTaint(rules(), false);
    expect(taint.judge(send, yes)).toEqual(yes);
    taint.entered('mcp/web', 'search');
    expect(taint.judge(send, yes)).toEqual({
      allowed: false,
      reason: 'untrusted content (mcp/web search) is in this run, and this tool is labelled egress',
      facts: { rule: 'taint', reason: expect.any(String) },
    });
    expect(taint.judge(call('mcp/mail', 'read'), yes)).toEqual(yes);
    expect(taint.judge(call('mcp/web', 'search'), yes)).toEqual(yes);
  });

  it('lets the answers of other tools be', () => {
    const taint = followTaint(rules(), false);
    taint.entered('mcp/mail', 'read');
    taint.entered('mcp/mail', 'send_mail');
    expect(taint.judge(send, yes)).toEqual(yes);
  });

  it('has a person asked where that is configured', () => {
    const taint = followTaint(rules({ taint: 'ask' }), true);
    expect(taint.judge(send, yes)).toEqual({
      allowed: true,
      approval: [{ type: 'taint', content: 'an earlier answer of this conversation', label: 'egress' }],
    });
  });

  it('keeps from private data where that is configured', () => {
    const taint = followTaint(rules({ taintedCalls: ['egress', 'private'] }), true);
    expect(taint.judge(call('mcp/mail', 'read'), yes)).toMatchObject({ allowed: false });
  });

  it('counts a conversation in which tools have answered as tainted', () => {
    expect(followTaint(rules(), true).judge(send, yes)).toMatchObject({ allowed: false });
  });

  it('never allows what is refused, and stops no listing', () => {
    const refused = { allowed: false, reason: 'No.', facts: {} } as const;
    for (const taint of ['deny', 'ask'] as const) {
      const run = followTaint(rules({ taint }), true);
      expect(run.judge(send, refused)).toBe(refused);
      expect(run.judge({ server: 'mcp/mail' }, yes)).toBe(yes);
      expect(run.judge({ server: 'mcp/mail', tool: 'send_mail' }, yes)).toBe(yes);
    }
  });

  it('is off unless it is switched on', () => {
    const taint = followTaint(rules({ taint: 'off' }), true);
    expect(taint.judge(send, yes)).toBe(yes);
  });

  it('reads names literally but for the star', () => {
    const taint = followTaint(rules(), true);
    expect(taint.judge(call('mcp/c.m', 'x'), yes)).toMatchObject({ allowed: false });
    expect(taint.judge(call('mcp/crm', 'x'), yes)).toBe(yes);
    expect(taint.judge(call('mcp/mail', 'resend_mail'), yes)).toBe(yes);
  });

  it('trusts no server that a request brings along', () => {
    const taint = followTaint(rules({ toolLabels: {} }), false);
    expect(taint.judge(call('ephemeral/x', 'post'), yes)).toBe(yes);
    taint.entered('ephemeral/x', 'read');
    expect(taint.judge(call('ephemeral/x', 'post'), yes)).toMatchObject({ allowed: false });
  });
});

describe('taint in a run that nobody follows here', () => {
  const listing = { server: 'mcp/mail', tool: 'send_mail' };

  it.each([
    ['a call', send],
    ['a listing', listing],
  ])('counts as there, for %s', (_, call) => {
    expect(judgeOutsideRun(rules(), call, yes)).toMatchObject({ allowed: false, facts: { rule: 'taint' } });
    expect(judgeOutsideRun(rules({ taint: 'ask' }), call, yes)).toMatchObject({
      approval: [{ type: 'taint', content: 'what this client has read', label: 'egress' }],
    });
    expect(judgeOutsideRun(rules({ taint: 'off' }), call, yes)).toEqual(yes);
  });

  it('stops nothing but what is labelled, and allows nothing', () => {
    expect(judgeOutsideRun(rules(), { server: 'mcp/mail' }, yes)).toEqual(yes);
    expect(judgeOutsideRun(rules(), call('mcp/mail', 'read'), yes)).toEqual(yes);
    const no = { allowed: false, reason: 'No.', facts: {} } as const;
    expect(judgeOutsideRun(rules({ taint: 'ask' }), send, no)).toEqual(no);
  });
});
