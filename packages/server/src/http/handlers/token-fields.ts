import type { Grant } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { dictionary } from '../../input/bounded.ts';

/*
 * The fields of a token in a request. auth-core owns the schemas of grants, names, owners, projects and secrets, and
 * validates them.
 */

export const label = z.string().trim().min(1).max(128);
export const notes = z.string().max(2000);
/** Parsed by auth-core. */
export const grant = dictionary(z.unknown(), 4096) as unknown as z.ZodType<Grant>;
