import { describe, expect, it } from 'vitest';
import { readCallerHeaders } from '../../src/transport/caller-headers.ts';

describe('readCallerHeaders', () => {
  it('takes what a server may want to know of its caller, in lower case', () => {
    expect(readCallerHeaders({ Authorization: 'Bearer x', 'X-Api-Key': '1' })).toEqual({
      headers: { authorization: 'Bearer x', 'x-api-key': '1' },
    });
    expect(readCallerHeaders({})).toEqual({ headers: {} });
  });

  it.each([
    'Host',
    'CONTENT-LENGTH',
    'content-type',
    'Transfer-Encoding',
    'connection',
    'keep-alive',
    'Upgrade',
    'TE',
    'trailer',
    'expect',
    'Proxy-Authorization',
    'Accept',
    'Accept-Encoding',
    'Cookie',
    'Mcp-Session-Id',
    'mcp-protocol-version',
    'Mcp-Param-x',
    'Last-Event-ID',
    'X-Forwarded-For',
    'forwarded',
    'via',
    'Origin',
    'Referer',
    'Sec-Fetch-Site',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Original-URL',
    'x-original-host',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'Latchkey-Hop',
  ])('refuses %s', (name) => {
    expect(readCallerHeaders({ [name]: 'x' })).toEqual({ name: JSON.stringify(name), problem: 'may not be set' });
  });

  it.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a\0', 'x'.repeat(257)])('refuses the name %j', (name) => {
    expect(readCallerHeaders({ [name]: 'x' })).toMatchObject({ problem: 'is no name of a header' });
  });

  it.each(['a\r\nx-evil: 1', 'a\n', 'a\0', 'é', '\x7f', '\t', '\u2028'])(
    'refuses the value %j, and does not quote it',
    (value) => {
      expect(readCallerHeaders({ x: value })).toEqual({
        name: '"x"',
        problem: 'has a character that a header cannot contain',
      });
    },
  );

  it('refuses a name twice, in whatever case', () => {
    expect(readCallerHeaders({ 'x-key': '1', 'X-Key': '2' })).toMatchObject({ problem: 'appears twice' });
  });

  it('refuses too many, a value too long and all too long', () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`x${index}`, '']));
    expect(readCallerHeaders(many)).toMatchObject({ name: '"x32"' });
    expect(readCallerHeaders({ x: 'a'.repeat(8193) })).toHaveProperty('problem');
    expect(readCallerHeaders({ x: 'a'.repeat(8192), y: 'a'.repeat(8192) })).toHaveProperty('problem');
  });
});
