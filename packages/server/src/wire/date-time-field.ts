import { z } from 'zod';

/** A date and time in a body or a query: RFC 3339, with its offset. */
export const dateTime = z.iso.datetime({ offset: true, error: 'expected a date and time, e.g. 2027-01-31T12:00:00Z' });
