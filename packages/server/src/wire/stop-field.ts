import { z } from 'zod';

const MOST_STOPS = 16;

/** Stop strings: one, or a list. An empty one is left out. */
export const stopSchema = z
  .unknown()
  .transform((input, context): readonly string[] => {
    const all = typeof input === 'string' ? [input] : (input ?? []);
    const isList = Array.isArray(all) && all.slice(0, MOST_STOPS + 1).every((one) => typeof one === 'string');
    // An empty stop string would stop before the first character.
    if (isList && all.length <= MOST_STOPS) return (all as string[]).filter((one) => one !== '');
    context.issues.push({ code: 'custom', input, message: `expected a string, or at most ${MOST_STOPS} of them` });
    return z.NEVER;
  })
  .optional();
