/*
 * The public API of @latchkey/auth-core/llm: the vocabulary of a server of language models. Whatever is added here
 * becomes API.
 */
export type { EphemeralRequest, EphemeralRule } from './ephemeral-servers.ts';
export type { GrantSurroundings, GrantWarning } from './review-grant.ts';
export { reviewGrant } from './review-grant.ts';
export type { LlmWords } from './vocabulary.ts';
export { llm } from './vocabulary.ts';
export type {
  AccessRequest,
  Action,
  AllowedDecision,
  Auth,
  Decision,
  EditInput,
  Grant,
  IssueInput,
  Meter,
  TokenInfo,
} from './words.ts';
