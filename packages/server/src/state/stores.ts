import type { AuditStore, LimitStore, TokenStore } from '@latchkey/auth-core';
import type { PersonStore } from '@latchkey/auth-core/erasure';
import type { SigningKeyStore } from '@latchkey/auth-core/jwt';
import type { PinStore } from '@latchkey/mcp-bridge';
import { type ApprovalStore, createKyselyApprovalStore } from '../approvals/kysely-approval-store.ts';
import type { ConversationStore } from '../contracts/conversation-store.ts';
import { createKyselyConversationStore } from '../conversations/kysely-conversation-store.ts';
import { createKyselyRequestStore, type RequestStore } from '../idempotency/kysely-request-store.ts';
import { createKyselyPinStore } from '../mcp-pins/kysely-pin-store.ts';
import { recentPins } from '../mcp-pins/recent-pins.ts';
import { type ConnectionStore, createKyselyConnectionStore } from '../oauth-clients/connection-store.ts';
import { type AccountStore, createKyselyAccountStore } from '../openid/account-store.ts';
import { createKyselySessionStore, type SessionStore } from '../sessions/kysely-session-store.ts';
import { createKyselySettingsStore, type SettingsStore } from '../settings/kysely-settings-store.ts';
import { createKyselyUsageStore, type UsageStore } from '../usage/kysely-usage-store.ts';
import { createKyselyDeliveryStore, type DeliveryStore } from '../webhooks/kysely-delivery-store.ts';
import type { Database } from './database.ts';
import { createKyselyErasureStore, type ErasureStore } from './erasure-store.ts';

/** All stores of a server, each behind its own interface. */
export interface Stores {
  readonly tokens: TokenStore;
  readonly signingKeys: SigningKeyStore;
  readonly limits: LimitStore;
  readonly audit: AuditStore;
  readonly settings: SettingsStore;
  readonly conversations: ConversationStore;
  readonly usage: UsageStore;
  readonly approvals: ApprovalStore;
  readonly pins: PinStore;
  readonly keyedRequests: RequestStore;
  readonly sessions: SessionStore;
  /** The clients of `/mcp` that a person has let in. */
  readonly connections: ConnectionStore;
  /** The persons who have signed in at the provider of OpenID Connect. */
  readonly accounts: AccountStore;
  readonly deliveries: DeliveryStore;
  /** The texts about persons that the audit log names by pseudonyms. */
  readonly persons: PersonStore;
  /** Deletes what the other stores have about a person. */
  readonly erasure: ErasureStore;
}

/** The limits for one root token: enough for a client that sends a key with each request. */
const KEYED_REQUEST_BOUNDS = { requests: 10_000, bytes: 33_554_432 };

/** The stores of one database. */
export const storesOf = ({ tokens, signingKeys, limits, audit, ...tables }: Database): Stores => ({
  tokens,
  signingKeys,
  limits,
  audit,
  settings: createKyselySettingsStore(tables.settings),
  conversations: createKyselyConversationStore(tables.conversations),
  usage: createKyselyUsageStore(tables.usage),
  approvals: createKyselyApprovalStore(tables.approvals),
  pins: recentPins(createKyselyPinStore(tables.pins)),
  keyedRequests: createKyselyRequestStore(tables.keyedRequests, KEYED_REQUEST_BOUNDS),
  sessions: createKyselySessionStore(tables.sessions),
  connections: createKyselyConnectionStore(tables.connections),
  accounts: createKyselyAccountStore(tables.accounts),
  deliveries: createKyselyDeliveryStore(tables.webhooks),
  persons: tables.persons,
  erasure: createKyselyErasureStore(tables.all, tables.isFile),
});
