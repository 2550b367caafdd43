import { z } from 'zod';

/** A whole number from 0 in a query, where everything is text. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);
