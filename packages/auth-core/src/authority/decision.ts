import type { GrantLimits } from './grant.ts';
import type { Window } from './limit.ts';
import type { Action, AskedOf, CeilingName, Words } from './vocabulary.ts';

/** What a request asks for of each resource, in the form of its kind. An absent resource is not decided. */
export type AskedResources<W extends Words = Words> = {
  readonly [Name in keyof W['resources'] & string]?: AskedOf<W['resources'][Name]>;
};

/** A request of a caller. An absent part is not decided, except `project`, which is always decided. */
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
   * The request to carry out instead of the original one, with the real paths that were judged, when a grant has
   * `within`. Absent: the original request.
   */
  readonly instead?: AskedResources<W>;
  /** The lowest value in the grants for each limit that is not counted, see `ceiling()`. Absent: no grant has one. */
  readonly limits?: Pick<GrantLimits<W>, CeilingName<W>>;
  /**
   * What is to be counted when the request is carried out, with `Meter.use`: the limits of the rules that allow it.
   * Absent: nothing.
   */
  readonly uses?: readonly CountedUse[];
}

/** A limit of a rule that a request counts against. */
export interface CountedUse {
  readonly name: string;
  readonly limit: number;
  readonly window: Window;
  /**
   * The place of the rule in its grant: `documents["reports"].pages["draft_*"]`. What is counted for it is counted
   * together.
   */
  readonly rule: string;
  readonly source: string;
  /** The id under which it is counted, as that of the grant's other limits. */
  readonly id: string;
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
  /** A readable text; it contains names, never the values of arguments. */
  readonly reason: string;
}

/** The result of a decision. */
export type Decision<W extends Words = Words> = AllowedDecision<W> | DeniedDecision;

/** Why a grant denies. */
export type Refusal = Pick<DeniedDecision, 'rule' | 'reason'>;

/** The answer of one grant. */
export type Verdict = Refusal | { readonly approval: boolean };
