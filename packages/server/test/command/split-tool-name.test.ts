import { expect, it } from 'vitest';
import { splitToolName } from '../../src/command/split-tool-name.ts';

it.each([
  ['mcp/files.read_text_file', { server: 'mcp/files', name: 'read_text_file' }],
  ['mcp/files', { server: 'mcp/files' }],
  ['*.fetch_*', { server: '*', name: 'fetch_*' }],
  ['mcp/files.read.v2', { server: 'mcp/files', name: 'read.v2' }],
  ['my.org/files.read', { server: 'my.org/files', name: 'read' }],
])('splits %s into server and tool', (text, parts) => {
  expect(splitToolName(text)).toEqual(parts);
});
