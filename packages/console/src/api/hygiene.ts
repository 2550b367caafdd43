import { call } from './call.ts';
import type { Grant } from './tokens.ts';

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

export interface Finding {
  readonly kind: FindingKind;
  readonly token: { readonly id: string; readonly name: string; readonly owner: string };
  readonly message: string;
}

export interface Hygiene {
  /** How many tokens were looked at. */
  readonly tokens: number;
  /** Null when it is not known which tools were called. */
  readonly toolCallsSince: string | null;
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** Of each kind the first hundred; a thousand when one kind is asked for. */
  readonly findings: readonly Finding[];
}

const PATH = '/api/v1/token-doctor';

export const readHygiene = (kind?: FindingKind): Promise<Hygiene> =>
  call('GET', kind === undefined ? PATH : `${PATH}?kind=${kind}`);

/** The grant of a token with only the tools that it has called; undefined where that says nothing less. */
export const readNarrowed = async (id: string): Promise<Grant | undefined> =>
  (await call<{ readonly narrowed?: Grant }>('GET', `${PATH}?${new URLSearchParams({ token: id })}`)).narrowed;
