import { z } from 'zod';

/** A whole number of 0 or more in a query, where every value is text. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);
