import { z } from 'zod';

/** The most arguments, variables, headers, servers or inputs in one place of a file. */
export const mostItems = 1024;

/** An object with any keys, at most `mostItems` of them. */
export const dictionary = <T extends z.ZodType>(
  value: T,
  key: z.ZodType<string, string> = z.string(),
): z.ZodType<Record<string, z.output<T>>, Record<string, z.input<T>>> =>
  z
    .record(key, value)
    .refine((read) => Object.keys(read).length <= mostItems, `must have at most ${mostItems} keys`) as never;
