import { expect, it } from 'vitest';
import { stateOf, type Token, toTree } from '../src/api/tokens.ts';

const token = (id: string, more: Partial<Token> = {}): Token => ({
  id,
  kind: 'api-key',
  name: id,
  grant: {},
  owner: '',
  createdAt: '2027-01-01T00:00:00Z',
  rotationDue: false,
  ...more,
});

it('a token is below the one that it was derived from, and at the top when that one is not in the list', () => {
  const tokens = [token('child', { parentId: 'root' }), token('root'), token('stray', { parentId: 'elsewhere' })];
  expect(
    toTree([...tokens, token('grandchild', { parentId: 'child' })]).map(({ token: { id }, depth }) => [id, depth]),
  ).toEqual([
    ['root', 0],
    ['child', 1],
    ['grandchild', 2],
    ['stray', 0],
  ]);
});

it('a token is active until its time has come or it was revoked', () => {
  const now = Date.parse('2027-06-01T00:00:00Z');
  expect(stateOf(token('a'), now)).toBe('active');
  expect(stateOf(token('a', { expiresAt: '2027-06-01T00:00:00Z' }), now)).toBe('expired');
  expect(stateOf(token('a', { revokedAt: '2027-05-01T00:00:00Z', expiresAt: '2027-06-01T00:00:00Z' }), now)).toBe(
    'revoked',
  );
});
