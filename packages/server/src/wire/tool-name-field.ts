import { z } from 'zod';

/** The name of a tool that a caller brings. */
export const toolName = z
  .string()
  .regex(/^[^\p{C}]{1,128}$/u, 'expected 1 to 128 characters, none of them a control character');
