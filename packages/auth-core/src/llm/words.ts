import type { Auth as AuthOf } from '../auth.ts';
import type {
  AccessRequest as AccessRequestOf,
  AllowedDecision as AllowedDecisionOf,
  Decision as DecisionOf,
} from '../authority/decision.ts';
import type { Grant as GrantOf } from '../authority/grant.ts';
import type { Action as ActionOf, BudgetUnit } from '../authority/vocabulary.ts';
import type { Meter as MeterOf } from '../limits/meter.ts';
import type { EditInput as EditInputOf } from '../management/edit-token.ts';
import type { IssueInput as IssueInputOf } from '../management/issue-token.ts';
import type { TokenInfo as TokenInfoOf } from '../management/token-info.ts';
import type { LlmWords } from './vocabulary.ts';

/** One thing that a caller may want to do. */
export type Action = ActionOf<LlmWords>;
/** A grant in the words of `llm`. */
export type Grant = GrantOf<LlmWords>;
/** A request of a caller. */
export type AccessRequest = AccessRequestOf<LlmWords>;
/** A decision that allows the request, with its conditions. */
export type AllowedDecision = AllowedDecisionOf<LlmWords>;
/** The result of a decision. */
export type Decision = DecisionOf<LlmWords>;
/** Tokens and decisions, as `createAuth({ vocabulary: llm, … })` returns them. */
export type Auth = AuthOf<LlmWords>;
/** The meter for the limits of `llm`. */
export type Meter = MeterOf<BudgetUnit<LlmWords>>;
/** The token to issue. */
export type IssueInput = IssueInputOf<LlmWords>;
/** The changes to a token. */
export type EditInput = EditInputOf<LlmWords>;
/** The public record of a token. */
export type TokenInfo = TokenInfoOf<LlmWords>;
