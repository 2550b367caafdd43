import { StoreUnavailableError } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { isFull } from '../../src/contracts/unexpected.ts';
import { toServerError } from '../../src/http/to-server-error.ts';

const failure = (fields: object): Error => Object.assign(new Error('it failed'), fields);

describe('a full disk', () => {
  it.each([
    ['of SQLite', failure({ errcode: 13 })],
    ['of SQLite, with an extended code', failure({ errcode: 13 | (2 << 8) })],
    ['of PostgreSQL', failure({ code: '53100' })],
    ['of a file', failure({ code: 'ENOSPC' })],
    ['of a share', failure({ code: 'EDQUOT' })],
  ])('%s is told as what it is, also behind another error', (_, cause) => {
    for (const thrown of [cause, new StoreUnavailableError(cause)]) {
      expect(toServerError(thrown)).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('full') });
    }
  });

  it('is not what another failure is told as', () => {
    expect(toServerError(failure({ errcode: 10 })).code).toBe('INTERNAL');
    expect(toServerError(new StoreUnavailableError(failure({ code: 'ECONNREFUSED' }))).code).toBe('STORE_UNAVAILABLE');
  });

  it('is not looked for without end', () => {
    const circle: Error = failure({});
    circle.cause = circle;
    expect(isFull(circle)).toBe(false);
  });
});

describe('a database whose file is gone', () => {
  it('is told as what it is, also behind another error', () => {
    const cause = failure({ errcode: 1032 });
    for (const thrown of [cause, new StoreUnavailableError(cause)]) {
      expect(toServerError(thrown)).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('removed or replaced'),
      });
    }
    expect(toServerError(failure({ errcode: 8 })).code).toBe('INTERNAL');
  });
});
