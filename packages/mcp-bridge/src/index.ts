/*
 * The public surface of @latchkey/mcp-bridge. Every export is API and cannot be removed without a major version, so
 * export only what a caller needs.
 */

export { addServerToMcpJson, removeServerFromMcpJson } from './config/edit-mcp-json.ts';
export { findMcpServers } from './config/find-servers.ts';
export type { Environment } from './config/interpolate.ts';
export { loadMcpJson } from './config/load-config.ts';
export type {
  HttpServerEntry,
  McpConfig,
  McpServerEntry,
  SseServerEntry,
  StdioServerEntry,
  ToolFilter,
} from './config/mcp-config.ts';
export { parseMcpJson } from './config/mcp-json.ts';
export { JsoncError, parseJsonc } from './config/parse-jsonc.ts';
export { pluginId } from './config/plugin-id.ts';
export type { McpJsonWatcher, WatchOptions } from './config/watch-config.ts';
export { watchMcpJson } from './config/watch-config.ts';
export type { BridgeErrorCode, BridgeErrorEvidence } from './errors.ts';
export { BridgeError } from './errors.ts';
export type { ServerStatus } from './host/connection.ts';
export type { EphemeralPolicy, EphemeralServer } from './host/ephemeral-server.ts';
export { ephemeralServer } from './host/ephemeral-server.ts';
export type { ToolProblem } from './host/list-tools.ts';
export type { McpHost, McpHostOptions, McpHostView, OfferedTool } from './host/mcp-host.ts';
export { createMcpHost } from './host/mcp-host.ts';
export type { McpLimits } from './limits.ts';
export type { BridgeLogger } from './logger.ts';
export { loopbackRedirects } from './oauth/login-context.ts';
export { LoginError, type LoginErrorCode } from './oauth/login-error.ts';
export { loginOf } from './oauth/login-of.ts';
export {
  createMemoryLoginStore,
  type LoginAccount,
  type LoginStore,
  SHARED_ACCOUNT,
  type StoredAttempt,
  type StoredLogin,
} from './oauth/login-store.ts';
export {
  accountOf,
  type BegunLogin,
  type LoginCaller,
  McpLogins,
  type McpLoginsOptions,
} from './oauth/logins.ts';
export {
  createOAuthRequests,
  type OAuthAnswer,
  type OAuthRequests,
  type OAuthRequestsOptions,
} from './oauth/oauth-requests.ts';
export type { LostLogin } from './oauth/renew-login.ts';
export type { DefinitionFlag } from './pins/definition-flags.ts';
export type { PinStore, ToolPin } from './pins/pin-store.ts';
export type { PinOptions, ReviewedTool } from './pins/tool-pins.ts';
export { describeSandbox } from './sandbox/describe-sandbox.ts';
export type { SandboxedCommand } from './sandbox/sandbox.ts';
export type {
  SandboxLayer,
  SandboxLimits,
  SandboxProfile,
  SandboxReport,
  SandboxWish,
} from './sandbox/sandbox-profile.ts';
export type { ToolSelection } from './tools/open-toolset.ts';
export { excessOf } from './tools/schema-caps.ts';
export type { ToolEffect } from './tools/tool-effect.ts';
export type { ToolGate, ToolGateCall, ToolGateContext, ToolVerdict } from './tools/tool-gate.ts';
export type { McpContent, ToolFailure, ToolFailureKind, ToolOutcome, ToolSuccess } from './tools/tool-outcome.ts';
export type { ToolProgress } from './tools/tool-progress.ts';
export type { ToolCallOptions, Toolset, ToolsetTool } from './tools/toolset.ts';
export { type AddressPolicy, createAddressPolicy } from './transport/address-policy.ts';
export type { Fetch } from './transport/guarded-fetch.ts';
export type { OpenTransport, OpenTransportOptions, TransportOpener } from './transport/open-transport.ts';
export {
  createPinnedFetch,
  type NameResolver,
  type PinnedAddresses,
  type PinnedFetch,
  pinAddresses,
  resolveBySystem,
} from './transport/pinned-fetch.ts';
export { systemFetch } from './transport/system-fetch.ts';
