/*
 * The public API of @latchkey/auth-core. Every added export becomes API: it stays, and it is documented.
 */

export type { ActsTogether, AuditActor, AuditEvent, AuditedAct, AuditSink } from './audit/audit-event.ts';
export type {
  AuditListOptions,
  AuditLog,
  AuditLogOptions,
  AuditTrimOptions,
  AuditVerifyOptions,
} from './audit/audit-log.ts';
export { createAuditLog } from './audit/audit-log.ts';
export type { LostEvents } from './audit/audit-queue.ts';
export type {
  AuditBatch,
  AuditBinding,
  AuditCheckpoint,
  AuditEntry,
  AuditHead,
  AuditQuery,
  AuditStore,
  SealedAuditHead,
} from './audit/audit-store.ts';
export type { AuditProblem, AuditVerification } from './audit/audit-verification.ts';
export { createMemoryAuditStore } from './audit/memory-audit-store.ts';
export { recordAct } from './audit/record-act.ts';
export { TamperedLogError } from './audit/tampered-log-error.ts';
export type { Auth, AuthOptions, DecisionExtra } from './auth.ts';
export { createAuth } from './auth.ts';
export type { PathLookup, ResolvePath } from './authority/asked-paths.ts';
export type { Authority, AuthorityEntry, DecisionContext } from './authority/authority.ts';
export type { Coverage } from './authority/covers.ts';
export type {
  AccessRequest,
  AllowedDecision,
  AskedResources,
  CountedUse,
  Decision,
  DeniedDecision,
} from './authority/decision.ts';
export type { VocabularyDefinition } from './authority/define-vocabulary.ts';
export { defineVocabulary } from './authority/define-vocabulary.ts';
export { describeDenial } from './authority/describe-denial.ts';
export type { Grant, GrantLimits, GrantRules, GrantTerms, ParseGrantOptions } from './authority/grant.ts';
export type {
  BudgetLimit,
  CeilingLimit,
  ConcurrencyLimit,
  CreditLimit,
  Limit,
  RateLimit,
  Refill,
  ShareLimit,
  Window,
} from './authority/limit.ts';
export { budget, ceiling, concurrency, credits, rate, share } from './authority/limit.ts';
export type { AuthNames } from './authority/names.ts';
export type {
  AnyResourceKind,
  ConditionCheck,
  Conditions,
  ResourceKind,
  RuleCheck,
  RuleContext,
  RuleCoverage,
  RuleLimit,
  RulePath,
  RulePlaces,
  RuleVerdict,
} from './authority/resource-kind.ts';
export type {
  Action,
  AskedOf,
  BudgetUnit,
  CeilingName,
  CoreLimits,
  CoreWords,
  LimitName,
  RuleOf,
  Vocabulary,
  VocabularyParts,
  Words,
} from './authority/vocabulary.ts';
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { AuthErrorCode, TokenRefusal } from './errors.ts';
export {
  AUTH_ERROR_CODES,
  AuditUnavailableError,
  AuthError,
  ConflictError,
  GrantNotCoveredError,
  InvalidGrantError,
  InvalidInputError,
  InvalidTokenError,
  isAuthError,
  LimitExceededError,
  PermissionDeniedError,
  StoreUnavailableError,
  TokenNotFoundError,
} from './errors.ts';
export type {
  Adjustment,
  Claim,
  Counter,
  CreditClaim,
  CreditCounter,
  HeldLease,
  LeaseClaim,
  LeaseCounter,
  LimitStore,
  TakeAnswer,
  Taking,
  WindowClaim,
  WindowCounter,
} from './limits/limit-store.ts';
export { createMemoryLimitStore } from './limits/memory-limit-store.ts';
export type { Admission, LimitState, Meter, MeterOptions, Reservation } from './limits/meter.ts';
export { createMeter } from './limits/meter.ts';
export type { EditInput } from './management/edit-token.ts';
export type { ExchangeInput } from './management/exchange-token.ts';
export type { IssuedToken, IssueInput } from './management/issue-token.ts';
export type { RevokeAllInput } from './management/revoke-all.ts';
export type { Revocation } from './management/revoke-tokens.ts';
export type { RotateInput } from './management/rotate-token.ts';
export type { TokenInfo } from './management/token-info.ts';
export type { TokenListing } from './management/token-manager.ts';
export { placeOf } from './management/token-place.ts';
export { foldText } from './matching/fold-text.ts';
export { matchesGlob } from './matching/glob.ts';
export type { PatternEngine, PatternTest } from './matching/pattern-engine.ts';
export type { Steps } from './matching/steps.ts';
export type { Principal } from './principal.ts';
export { anonymousPrincipal } from './principal.ts';
export type { Repeat } from './repeat.ts';
export { argumentConditions } from './resources/argument-conditions.ts';
export { hosts } from './resources/hosts.ts';
export { matchesTool } from './resources/matching-rules.ts';
export { names } from './resources/names.ts';
export type { ToolEffect, ToolRequest, ToolRule, ToolRules } from './resources/tool-rule.ts';
export { TOOL_EFFECTS } from './resources/tool-rule.ts';
export { tools } from './resources/tools.ts';
export type { JsonObject } from './schema/copy-json.ts';
export type { ArgumentConstraint, Json, JsonSchema, JsonType } from './schema/json-schema.ts';
export type { AuthSettings } from './settings.ts';
export {
  DEFAULT_AUTH_SETTINGS,
  MAXIMUM_ACCESS_TOKEN_SECONDS,
  MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS,
} from './settings.ts';
export type { ApiKeyOptions } from './token/api-key-format.ts';
export { createApiKeyFormat } from './token/api-key-format.ts';
export { attenuateToken } from './token/attenuate.ts';
export type { AttenuatedOptions } from './token/attenuated-format.ts';
export { createAttenuatedFormat } from './token/attenuated-format.ts';
export type { CustomKeyOptions } from './token/custom-format.ts';
export { createCustomKeyFormat } from './token/custom-format.ts';
export type { Digest } from './token/digest.ts';
export { createDigest } from './token/digest.ts';
export type { InspectOptions, TokenInspection } from './token/inspect-token.ts';
export { inspectToken } from './token/inspect-token.ts';
export type { KeyRing } from './token/key-ring.ts';
export { createLegacyFormat } from './token/legacy-format.ts';
export { createMemoryTokenStore } from './token/memory-token-store.ts';
export type { PlaceBoundOptions } from './token/place-bound-format.ts';
export { createPlaceBoundFormat } from './token/place-bound-format.ts';
export type { RandomBytes } from './token/random.ts';
export type { Sealer } from './token/sealer.ts';
export { createSealer } from './token/sealer.ts';
export type { KeyUse } from './token/store-keys.ts';
export type {
  Derivation,
  DerivedTokenFormat,
  DerivedTokenKind,
  MintedToken,
  MintRequest,
  PresentedToken,
  ProofContext,
  StoredTokenFormat,
  StoredTokenKind,
  TokenFormat,
  TokenKind,
  TokenParts,
} from './token/token-format.ts';
export { TOKEN_KINDS } from './token/token-format.ts';
export type {
  ChooseTokens,
  DerivedQuery,
  EndingQuery,
  PreviousSecret,
  StandingToken,
  StoredKeys,
  TokenFilter,
  TokenPosition,
  TokenQuery,
  TokenRecord,
  TokenStore,
} from './token/token-store.ts';
export { WrongKeyError } from './token/wrong-key-error.ts';
