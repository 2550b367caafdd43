import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { ResolvePath } from './asked-paths.ts';
import type { Grant } from './grant.ts';

/** One grant of an authority, and its source in readable words: `server policy`, `token ci-bot`, `request`. */
export interface AuthorityEntry {
  readonly grant: Grant;
  readonly source: string;
  /**
   * The id under which use counts against the grant's limits: a token's, or `policy`. Absent: its limits are not
   * counted.
   */
  readonly id?: string;
  /** A holder has added it: its `within` makes the server look at no file that no grant before it names. */
  readonly added?: boolean;
}

/**
 * What a caller may do: every grant in the list must allow a request. So an added grant can only narrow. A list without
 * grants allows nothing.
 */
export type Authority = readonly AuthorityEntry[];

/** The input of a decision besides the request. Where something that it needs is absent, it denies. */
export interface DecisionContext {
  readonly now: Date;
  /** The caller's IP address. */
  readonly address?: string;
  /** Runs the patterns of argument constraints. */
  readonly patterns?: PatternEngine;
  /**
   * The real path of a path, symbolic links followed, or undefined to refuse it; for `within`. A path that does not
   * exist yet is the real path of its folder and its name. Relative paths are the host's to place or refuse. What it
   * gives for its own answer is that answer.
   */
  readonly resolvePath?: ResolvePath;
}
