import { describe, expect, it } from 'vitest';
import { createFindRoute } from '../../src/http/find-route.ts';

const rows = ['GET /a', 'POST /a', 'GET /a/:id', 'PATCH /a/:id', 'POST /a/:id/end', 'GET /all/*rest'].map((row) => {
  const [method = '', path = ''] = row.split(' ');
  return { method, path, row };
});
const find = createFindRoute(rows);
const found = (method: string, path: string) => {
  const answer = find(method, path);
  return 'row' in answer ? [answer.row.row, answer.params] : answer.allowed;
};

describe('a row', () => {
  it.each([
    ['GET', '/a', 'GET /a', {}],
    ['GET', '/a/', 'GET /a', {}],
    ['HEAD', '/a', 'GET /a', {}],
    ['POST', '/a', 'POST /a', {}],
    ['GET', '/a/b', 'GET /a/:id', { id: 'b' }],
    ['GET', '/a/b%2Fc', 'GET /a/:id', { id: 'b/c' }],
    ['GET', '/a/%', 'GET /a/:id', { id: '%' }],
    ['GET', '/a/__proto__', 'GET /a/:id', { id: '__proto__' }],
    ['POST', '/a/b/end', 'POST /a/:id/end', { id: 'b' }],
    ['GET', '/all/b/c%20d', 'GET /all/*rest', { rest: 'b/c d' }],
  ])('is found for %s %s', (method, path, row, params) => {
    expect(found(method, path)).toEqual([row, params]);
  });

  it.each(['', '/', '/A', '/a//', '//a', '/a/b/c', '/a//end', '/all', '/all/', '/b/a', '*', 'a'])(
    'is not found for GET %j',
    (path) => {
      expect(found('GET', path)).toEqual([]);
    },
  );

  it.each([
    ['DELETE', '/a', ['HEAD', 'GET', 'POST']],
    ['get', '/a', ['HEAD', 'GET', 'POST']],
    ['POST', '/a/b', ['HEAD', 'GET', 'PATCH']],
    ['HEAD', '/a/b/end', ['POST']],
  ])('at the path says what it takes in place of %s %s', (method, path, allowed) => {
    expect(found(method, path)).toEqual(allowed);
  });
});
