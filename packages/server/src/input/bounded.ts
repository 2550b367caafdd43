import { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/**
 * A list of at most `most` items. Validation stops at the first invalid item; zod's own array would collect the errors
 * of a million items.
 */
export function list<T extends z.ZodType>(item: T, most: number, least = 0): z.ZodType<z.output<T>[], z.input<T>[]> {
  return z.custom<z.input<T>[]>().transform((input: unknown, context) => {
    if (!Array.isArray(input)) return refuse(context, { code: 'invalid_type', expected: 'array', input });
    if (input.length > most) return refuse(context, custom(input, `expected at most ${most} items`));
    if (input.length < least) return refuse(context, custom(input, `expected at least ${least} item(s)`));
    const items: z.output<T>[] = [];
    for (const [index, value] of input.entries()) {
      const parsed = item.safeParse(value);
      if (!parsed.success) return refuse(context, ...within(parsed.error, index));
      items.push(parsed.data);
    }
    return items;
  });
}

/** An object with any keys, at most `most` of them. Validation stops at the first invalid value. */
export function dictionary<T extends z.ZodType>(
  value: T,
  most: number,
  key: z.ZodType<string> = z.string().max(1024),
): z.ZodType<Record<string, z.output<T>>, Record<string, z.input<T>>> {
  return z.custom<Record<string, z.input<T>>>().transform((input: unknown, context) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return refuse(context, { code: 'invalid_type', expected: 'record', input });
    }
    const entries = Object.entries(input);
    if (entries.length > most) return refuse(context, custom(input, `expected at most ${most} keys`));
    const read: [string, z.output<T>][] = [];
    for (const [name, held] of entries) {
      const named = key.safeParse(name);
      if (!named.success) return refuse(context, ...within(named.error, name));
      const parsed = value.safeParse(held);
      if (!parsed.success) return refuse(context, ...within(parsed.error, name));
      read.push([named.data, parsed.data]);
    }
    return Object.fromEntries(read);
  });
}

const custom = (input: unknown, message: string): Issue => ({ code: 'custom', input, message });

function refuse(context: z.RefinementCtx, ...issues: readonly Issue[]): never {
  context.issues.push(...issues);
  return z.NEVER;
}

const within = ({ issues }: z.ZodError, place: PropertyKey): Issue[] =>
  issues.map((issue) => ({ ...issue, path: [place, ...issue.path] }) as Issue);
