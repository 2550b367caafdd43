import type { GrantLimits } from './grant.ts';
import type { Action, AskedOf, CeilingName, Words } from './vocabulary.ts';

/** What a request asks of resources, each in the shape of its kind. What is absent is not asked, and so not decided. */
export type AskedResources<W extends Words = Words> = {
  readonly [Name in keyof W['resources'] & string]?: AskedOf<W['resources'][Name]>;
};

/** What a caller asks to do. What is absent is not asked, and so not decided; only `project` is always decided. */
export type AccessRequest<W extends Words = Words> = {
  readonly action: Action<W>;
  readonly project?: string;
} & AskedResources<W>;

/** The request is allowed, under the conditions that follow. */
export interface AllowedDecision<W extends Words = Words> {
  readonly allowed: true;
  /** Whether a person must agree first. */
  readonly approval: boolean;
  /**
   * What must be done in place of what was asked, where a grant has `within`: with the real paths that were judged.
   * Absent: as it was asked.
   */
  readonly instead?: AskedResources<W>;
  /** The least that the grants say of each limit that is not counted, see `ceiling()`. Absent: none says anything. */
  readonly limits?: Pick<GrantLimits<W>, CeilingName<W>>;
}

/** The request is denied, with the grant that denies it. */
export interface DeniedDecision {
  readonly allowed: false;
  /** The place of the grant in the authority, counted from 1; 0 when there was none. */
  readonly grant: number;
  readonly source: string;
  /**
   * What denied: the term of the grant (`actions`, `networks`, `projects`, `notBefore`, `expiresAt`), the name of the
   * resource, or what its kind says (`arguments`); `authority` when there was no grant at all, or the token has ended,
   * and `steps` when the question took too many before this grant had an answer.
   */
  readonly rule: string;
  /** Human words; they hold names, never the arguments' values. */
  readonly reason: string;
}

/** What a decision is. */
export type Decision<W extends Words = Words> = AllowedDecision<W> | DeniedDecision;

/** Why a grant denies. */
export type Refusal = Pick<DeniedDecision, 'rule' | 'reason'>;

/** What one grant says. */
export type Verdict = Refusal | { readonly approval: boolean };
