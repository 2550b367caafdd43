import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditEvent, AuditedAct, AuditLog, AuditSink, Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { type AuditedRequest, toActor } from './audited-request.ts';
import { describeRefusal, findRefusedToken } from './describe-refusal.ts';
import { createToolAudit, type KeptArguments, type ToolAudit } from './tool-audit.ts';

/**
 * Writes the server's events to its audit log. Each event gets the address and the id of the request that caused it.
 */
export interface AuditTrail {
  /** The sink for administration: it rejects when the event cannot be stored. `recordAct` performs acts with it. */
  readonly record: AuditSink;
  /** Attributes all events within `act` to the request. */
  during<T>(request: AuditedRequest, act: () => Promise<T>): Promise<T>;
  /** Whether the current request has done anything so far: everything that acts has an entry. */
  hasActed(): boolean;
  /** Sets the caller of the current request. */
  identify(principal: Principal): void;
  /** Records an error that refuses a login, or a request by its grants or its limits; each error once. */
  refused(error: unknown, principal?: Principal): void;
  /** Creates the audit for the tool calls of a caller, in the current request. */
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
  /** Refusals that were recorded: an error is rethrown and passes more than one place that records it. */
  const told = new WeakSet<Error>();

  return {
    record: Object.assign(
      (event: AuditEvent) => acting(scopes.getStore(), (request) => log.record(complete(event, request))),
      {
        together: log.record.together && {
          database: log.record.together.database,
          write: (event: AuditEvent | (() => AuditEvent), act: AuditedAct) =>
            acting(scopes.getStore(), async (request) => {
              const completed =
                typeof event === 'function' ? () => complete(event(), request) : complete(event, request);
              return log.record.together?.write(completed, act) ?? false;
            }),
        },
      },
    ),
    during: (request, act) => scopes.run({ request }, act),
    hasActed: () => scopes.getStore()?.hasActed === true,
    identify(principal) {
      const scope = scopes.getStore();
      // The first principal counts: a request may contain a second token, to be revoked or exchanged.
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
      // Captured now, because a stream continues after the request's function has returned.
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

/** Writes the entry of an act, and remembers that the request has acted. */
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

/** Removes secrets that were sent in the wrong place, such as a model's name or an argument. */
function withoutSecrets(event: AuditEvent): AuditEvent {
  return blot(event) as AuditEvent;
}

function blot(value: unknown): unknown {
  if (typeof value === 'string') return hideSecrets(value);
  if (Array.isArray(value)) return value.map(blot);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [hideSecrets(name), blot(item)]));
}

/** Wraps `Auth` so that each refused token is recorded, wherever it was presented. */
export function withAuditedLogins(auth: Auth, trail: Pick<AuditTrail, 'identify' | 'refused'>): Auth {
  return {
    ...auth,
    verify: async (text, from) => {
      try {
        const principal = await auth.verify(text, from);
        trail.identify(principal);
        return principal;
      } catch (error) {
        trail.refused(error);
        throw error;
      }
    },
  };
}
