import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditEvent, AuditedAct, AuditLog, AuditSink, Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { type AuditedRequest, toActor } from './audited-request.ts';
import { describeRefusal, findRefusedToken } from './describe-refusal.ts';
import { createToolAudit, type KeptArguments, type ToolAudit } from './tool-audit.ts';

/** What the server tells its audit log. Each event gets the address and the id of the request that caused it. */
export interface AuditTrail {
  /** For administration: it rejects when the event is not kept. Acts are made with it by `recordAct`. */
  readonly record: AuditSink;
  /** Lets whatever happens in `act` be told as a part of the request. */
  during<T>(request: AuditedRequest, act: () => Promise<T>): Promise<T>;
  /** Whether the request that runs has done something so far: what acts has its entry. */
  hasActed(): boolean;
  /** Says who sends the request that runs. */
  identify(principal: Principal): void;
  /** Takes note of an error if it refuses a login, a request by its grants, or one by its limits; of each once. */
  refused(error: unknown, principal?: Principal): void;
  /** For the tool calls of a caller, and of the request that runs now. */
  tools(principal: Principal): ToolAudit;
}

export interface AuditTrailOptions {
  readonly log: Pick<AuditLog, 'record' | 'note' | 'digest'>;
  readonly kept: KeptArguments;
  readonly createId: () => string;
}

interface Scope {
  readonly request: AuditedRequest;
  principal?: Principal;
  hasActed?: true;
}

export function createAuditTrail({ log, kept, createId }: AuditTrailOptions): AuditTrail {
  const scopes = new AsyncLocalStorage<Scope>();
  /** What was refused is thrown on, and passes by more than one place that tells of it. */
  const told = new WeakSet<Error>();

  return {
    record: Object.assign(
      (event: AuditEvent) => acting(scopes.getStore(), (request) => log.record(complete(event, request))),
      {
        together: log.record.together && {
          database: log.record.together.database,
          write: (event: AuditEvent, act: AuditedAct) =>
            acting(
              scopes.getStore(),
              async (request) => log.record.together?.write(complete(event, request), act) ?? false,
            ),
        },
      },
    ),
    during: (request, act) => scopes.run({ request }, act),
    hasActed: () => scopes.getStore()?.hasActed === true,
    identify(principal) {
      const scope = scopes.getStore();
      // The first one: a request may hold a second token, to be ended or exchanged.
      if (scope !== undefined) scope.principal ??= principal;
    },
    refused(error, principal) {
      const scope = scopes.getStore();
      const refusal = describeRefusal(error, scope?.request);
      if (refusal === undefined) return;
      const cause = findRefusedToken(error);
      if (cause !== undefined && told.has(cause)) return;
      if (cause !== undefined) told.add(cause);
      const who = principal ?? scope?.principal;
      log.note(complete({ ...refusal, ...(who === undefined ? { actor: {} } : described(who)) }, scope?.request));
    },
    tools(principal) {
      // A stream goes on when the request's own function has returned.
      const scope = scopes.getStore();
      const request = scope?.request;
      const who = described(principal);
      return createToolAudit({
        digest: log.digest,
        record: (event) => acting(scope, () => log.record(complete({ ...event, ...who }, request))),
        note: (event) => log.note(complete({ ...event, ...who }, request)),
        kept,
        createId,
      });
    },
  };
}

/** Writes an entry of something that is done, and remembers that it was. */
async function acting<T>(
  scope: Scope | undefined,
  write: (request: AuditedRequest | undefined) => Promise<T>,
): Promise<T> {
  const written = await write(scope?.request);
  if (scope !== undefined && written !== false) scope.hasActed = true;
  return written;
}

function described(principal: Principal): Pick<AuditEvent, 'actor' | 'project'> {
  const { project } = principal;
  return { actor: toActor(principal), ...(project === undefined ? {} : { project }) };
}

function complete(event: AuditEvent, request: AuditedRequest | undefined): AuditEvent {
  if (request === undefined) return withoutSecrets(event);
  const { address, id } = request;
  return withoutSecrets({
    ...event,
    actor: { ...(address === undefined ? {} : { address }), ...event.actor },
    details: { ...event.details, request: id },
  });
}

/** The event without the secrets that somebody wrote where none belongs: into a model's name, into an argument. */
function withoutSecrets(event: AuditEvent): AuditEvent {
  return blot(event) as AuditEvent;
}

function blot(value: unknown): unknown {
  if (typeof value === 'string') return hideSecrets(value);
  if (Array.isArray(value)) return value.map(blot);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [hideSecrets(name), blot(item)]));
}

/** The same `Auth`, which tells of each token that it refuses, wherever the token was presented. */
export function withAuditedLogins(auth: Auth, trail: Pick<AuditTrail, 'identify' | 'refused'>): Auth {
  return {
    ...auth,
    verify: async (text) => {
      try {
        const principal = await auth.verify(text);
        trail.identify(principal);
        return principal;
      } catch (error) {
        trail.refused(error);
        throw error;
      }
    },
  };
}
