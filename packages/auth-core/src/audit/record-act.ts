import { AuditUnavailableError, AuthError } from '../errors.ts';
import type { AuditEvent, AuditedAct, AuditSink } from './audit-event.ts';

/**
 * Makes a change only with its entry in the log, and says whether it was made. Where the log shares the database of
 * what is changed, both are one transaction. Elsewhere the entry comes first, and one more with `made: false` takes it back
 * when the change was not made.
 *
 * @param database whose transactions the act can write in; undefined when it can write in none
 * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, and nothing has changed; and what the act rejects with
 */
export async function recordAct(
  sink: AuditSink | undefined,
  event: AuditEvent,
  act: AuditedAct,
  database: object | undefined,
): Promise<boolean> {
  if (sink === undefined) return act();
  const { together } = sink;
  if (together !== undefined && together.database === database) return together.write(event, act);
  await keepEvent(sink, event);
  try {
    const made = await act();
    if (!made) await takeBack(sink, event);
    return made;
  } catch (error) {
    await takeBack(sink, event);
    throw error;
  }
}

/** Writes an entry; whatever goes wrong is `AUTH_AUDIT_UNAVAILABLE`. */
export async function keepEvent(sink: AuditSink, event: AuditEvent): Promise<void> {
  try {
    await sink(event);
  } catch (cause) {
    throw cause instanceof AuthError ? cause : new AuditUnavailableError(cause);
  }
}

/** A log that takes the entry and not this one says more than was done, never less. */
async function takeBack(sink: AuditSink, event: AuditEvent): Promise<void> {
  await keepEvent(sink, { ...event, details: { ...event.details, made: false } }).catch(() => undefined);
}
