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
/** What a caller may do: a grant in the words of `llm`. */
export type Grant = GrantOf<LlmWords>;
/** What a caller asks to do. */
export type AccessRequest = AccessRequestOf<LlmWords>;
/** Yes, with what narrows the doing of it. */
export type AllowedDecision = AllowedDecisionOf<LlmWords>;
/** What a decision is. */
export type Decision = DecisionOf<LlmWords>;
/** Tokens and decisions, as `createAuth({ vocabulary: llm, … })` puts them together. */
export type Auth = AuthOf<LlmWords>;
/** What counts the limits of `llm`. */
export type Meter = MeterOf<BudgetUnit<LlmWords>>;
/** What to issue. */
export type IssueInput = IssueInputOf<LlmWords>;
/** What to change of a token. */
export type EditInput = EditInputOf<LlmWords>;
/** What is known of a token. */
export type TokenInfo = TokenInfoOf<LlmWords>;
