import { describe, expect, it } from 'vitest';
import { unmatchedToolLabels } from '../../src/tools/unmatched-labels.ts';

const running = new Map([
  ['mcp/mail', ['send_mail', 'read_mail']],
  ['mcp/web', ['fetch']],
]);
const problem = (tool: string, server: string) =>
  `toolLabels: "${tool}" under "${server}" names no tool, so its labels mean nothing`;

describe('names of tools in toolLabels', () => {
  it('are told at the server that does not have them', () => {
    const labels = { 'mcp/mail': { send_mial: ['egress'], 'read_*': ['private'] }, 'mcp/web': { '*': ['untrusted'] } };
    expect(unmatchedToolLabels(labels as never, running)).toEqual(
      new Map([['mcp/mail', [problem('send_mial', 'mcp/mail')]]]),
    );
  });

  it('are looked for in every server that they are about', () => {
    const labels = { 'mcp/*': { fetch: ['untrusted'], 'delete_*': ['egress'] } };
    const problems = [problem('delete_*', 'mcp/*')];
    expect(unmatchedToolLabels(labels as never, running)).toEqual(
      new Map([
        ['mcp/mail', problems],
        ['mcp/web', problems],
      ]),
    );
  });

  it('are not judged while one of these servers does not run', () => {
    const labels = { 'mcp/*': { 'delete_*': ['egress'] }, 'mcp/web': { fatch: ['untrusted'] } };
    const known = new Map([...running, ['mcp/other', undefined]] as [string, string[] | undefined][]);
    expect(unmatchedToolLabels(labels as never, known)).toEqual(new Map([['mcp/web', [problem('fatch', 'mcp/web')]]]));
  });
});
