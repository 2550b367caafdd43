import { type Grant, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { withoutAbsent } from '../../config/without-absent.ts';
import { CommandError } from '../command-error.ts';
import { readGrant } from '../read-grant.ts';
import { readTools } from './grant-flags.ts';
import { readEnd } from './token-options.ts';

/** The flags that narrow a token: a whole grant, or single restrictions. */
export interface CaveatFlags {
  readonly grant?: string;
  readonly expires?: string;
  readonly tools?: readonly string[];
  readonly models?: readonly string[];
}

/**
 * Builds the grant that the flags describe. A grant denies what it does not mention, so without `--grant` the result
 * allows everything that no flag restricts; the token's own grant still applies to that.
 */
export function writeCaveat({ grant, expires, tools, models }: CaveatFlags, now: Date): Grant {
  if ([grant, expires, tools, models].every((flag) => flag === undefined)) {
    throw new CommandError('Nothing to narrow: give --expires, --models, --tools, or a whole grant with --grant.');
  }
  if (grant !== undefined && (tools !== undefined || models !== undefined)) {
    throw new CommandError('--grant says all: write models and tools into it, or leave it out.');
  }
  const end = expires === undefined ? {} : { expiresAt: readEnd(expires, now) };
  const caveat =
    grant === undefined
      ? { ...(tools === undefined ? llm.everything : withTools(tools)), ...withoutAbsent({ models }), ...end }
      : withEnd(readGrant(grant), end);
  return llm.parseGrant(caveat, { at: 'grant', patterns: re2jsPatterns });
}

function withEnd(grant: unknown, end: { readonly expiresAt?: string }): unknown {
  // A value that is not an object is left for the parser to refuse.
  if (end.expiresAt === undefined || typeof grant !== 'object' || grant === null || Array.isArray(grant)) return grant;
  if (!Object.hasOwn(grant, 'expiresAt')) return { ...grant, ...end };
  throw new CommandError('--grant has an expiresAt already: leave that out, or --expires.');
}

/** Restricts the caveat to named tools. Tools of request-scoped servers are never among them. */
function withTools(names: readonly string[]): Grant {
  const { ephemeralMcp: _, ...others } = llm.everything;
  return { ...others, mcp: readTools(names) };
}
