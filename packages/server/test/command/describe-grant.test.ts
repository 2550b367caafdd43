import { type Grant, llm } from '@latchkey/auth-core/llm';
import { expect, it } from 'vitest';
import { describeGrant } from '../../src/command/describe-grant.ts';

it('says in lines what a grant allows, and what it denies by saying nothing', () => {
  const grant: Grant = {
    actions: ['chat', 'models:read'],
    models: ['ibm/*', 'latchkey/nano'],
    mcp: {
      'mcp/tiktoken': { tools: { 'fetch_*': {} } },
      'mcp/files': {
        tools: {
          read_text_file: { arguments: { path: { within: '/srv/docs' } } },
          write_file: {
            approval: 'ask',
            arguments: { content: { minLength: 1, maxLength: 4000 }, mode: { enum: ['a', 'w'] } },
            additionalArguments: false,
          },
        },
      },
    },
    networks: ['10.0.0.0/8'],
    projects: ['web'],
    notBefore: '2026-01-01T00:00:00Z',
    expiresAt: '2027-01-01T00:00:00Z',
    limits: { requestsPerMinute: 60, tokensPerDay: 200_000 },
  };
  expect(describeGrant({ ...grant })).toEqual([
    'may: chat, models:read',
    'models: ibm/*, latchkey/nano',
    'tools: mcp/tiktoken: fetch_*',
    'tools: mcp/files: read_text_file (path within /srv/docs); write_file (a person must agree, content minLength 1 and maxLength 4000, mode enum a or w, no other arguments)',
    "tools of a request's own servers: none",
    'from: 10.0.0.0/8',
    'projects: web',
    'not before: 2026-01-01T00:00:00Z',
    'until: 2027-01-01T00:00:00Z',
    'limits: requestsPerMinute 60; tokensPerDay 200000',
  ]);
});

it('says of the grant that allows everything that it allows all', () => {
  expect(describeGrant({ ...llm.everything })).toEqual([
    'may: all',
    'models: all',
    'tools: every server: all',
    "tools of a request's own servers: hosts all; tools all",
  ]);
});

it('shows what it does not know as it is', () => {
  const strange = { actions: 'chat', models: [], mcp: 7, mood: { good: [1] }, ephemeralMcp: { hosts: ['a', 'b'] } };
  expect(describeGrant(strange)).toEqual([
    'may: chat',
    'models: none',
    'tools: none',
    "tools of a request's own servers: hosts a, b",
    'mood: good 1',
  ]);
});
