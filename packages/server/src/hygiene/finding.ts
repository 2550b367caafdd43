/** What a token can be found with, the most urgent first. */
export const FINDING_KINDS = [
  'expires-soon',
  'never-used',
  'idle',
  'wider-than-used',
  'no-expiry',
  'no-limits',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** The token that something was found with. */
export interface FoundToken {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly project: string | null;
}

/** Something about a token that its operator should look at. Nothing is wrong with what it may do. */
export interface TokenFinding {
  readonly kind: FindingKind;
  readonly token: FoundToken;
  /** What was found, and what to do. */
  readonly message: string;
  /** For `wider-than-used`: how many of the tools that it may call it has called. */
  readonly tools?: { readonly used: number; readonly allowed: number };
}
