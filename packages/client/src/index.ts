/*
 * The public API of @latchkey/client. Everything exported here is public.
 */

export type {
  Approval,
  ApprovalAnswer,
  ApprovalEvent,
  ApprovalReason,
  ApprovalState,
  ShownApproval,
} from './approvals.ts';
export type { Client, ClientOptions, RequestOptions, Revocation } from './client.ts';
export { createClient } from './client.ts';
export type { Connection, ConnectionOptions } from './connection.ts';
export { resolveConnection } from './connection.ts';
export type { Environment } from './environment.ts';
export type {
  AuthenticationErrorCode,
  ConfigurationErrorCode,
  ConnectionErrorCode,
  Denial,
  LatchkeyErrorOptions,
} from './errors.ts';
export {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  LatchkeyError,
  PermissionError,
  RateLimitError,
  ServerError,
} from './errors.ts';
export type { Identity, IdentityGrant, IdentityLimit } from './identity.ts';
export { credentialsFile } from './profiles/credentials-file.ts';
export { checkProfilesWritable, findProfile, readProfiles, removeProfile, saveProfile } from './profiles/profiles.ts';
export type { Profile } from './profiles/read-profile.ts';
export type { AskServerOptions, ServerAnswer } from './server-proof.ts';
export { askServer, serverProofMessage } from './server-proof.ts';
