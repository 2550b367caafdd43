import { z } from 'zod';
import { DURATION_NOTATION, readDuration } from '../config/duration.ts';

/**
 * A duration in a body: a whole number of seconds, or a text such as `90d`. The result is in seconds.
 *
 * @param beside what else the field accepts, for the message
 */
export const duration = ({ atLeast, beside }: { readonly atLeast: number; readonly beside?: string }) =>
  z.union([z.number(), z.string()]).transform((input, context): number => {
    const milliseconds = typeof input === 'number' ? input * 1000 : readDuration(input);
    const seconds = milliseconds === undefined ? undefined : milliseconds / 1000;
    if (Number.isSafeInteger(seconds) && seconds !== undefined && seconds >= atLeast) return seconds;
    context.issues.push({
      code: 'custom',
      input,
      message: `expected ${beside === undefined ? '' : `'${beside}', `}a whole number of seconds, at least ${atLeast}, or ${DURATION_NOTATION}`,
    });
    return z.NEVER;
  });
