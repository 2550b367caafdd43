import { describe, expect, it } from 'vitest';
import { endOf, parseDateTime } from '../src/date-time.ts';

describe('parseDateTime', () => {
  it.each([
    '2027-01-31T12:00:00Z',
    '2027-01-31T12:00:00.123Z',
    '2027-01-31T12:00:00+02:00',
    '2028-02-29T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '0000-01-01T00:00:00Z',
  ])('reads %s', (text) => {
    expect(parseDateTime(text)).toBe(Date.parse(text));
  });

  it.each([
    '',
    'tomorrow',
    '2027-01-31',
    '2027-01-31T12:00:00',
    '2027-02-30T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2027-13-01T00:00:00Z',
    '2027-01-01T25:00:00Z',
    '2027-01-31T24:00:00Z',
    '2027-01-31T23:59:60Z',
    '2027-01-31T12:00:00+24:00',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    '0',
    '2027-01-31 12:00:00Z',
  ])('does not read "%s"', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });
});

describe('endOf', () => {
  it('is the time that is written, and never where none is', () => {
    expect(endOf('2027-01-31T12:00:00Z')).toBe(Date.parse('2027-01-31T12:00:00Z'));
    expect(endOf(undefined)).toBe(Number.POSITIVE_INFINITY);
  });

  it('has come at any time where it cannot be read', () => {
    expect(Number.NEGATIVE_INFINITY < endOf('tomorrow')).toBe(false);
  });
});
