import { AuditUnavailableError, isAuthError } from '../errors.ts';
import type { AuditEvent, AuditedAct, AuditSink } from './audit-event.ts';

/**
 * Makes a change together with its entry in the log, and returns whether it was made. Where the log and the changed
 * data share a database, both are written in one transaction. Elsewhere the entry is written first; when the change was
 * then not made, a second entry with `made: false` corrects it.
 *
 * @param database the database whose transactions the act can write in; undefined when there is none
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
    if (!made) await takeBack(sink, event).catch(() => undefined);
    return made;
  } catch (error) {
    await takeBack(sink, event).catch(() => undefined);
    throw error;
  }
}

/** Writes an entry; any error that is not an `AuthError` becomes `AUTH_AUDIT_UNAVAILABLE`. */
export async function keepEvent(sink: AuditSink, event: AuditEvent): Promise<void> {
  try {
    await sink(event);
  } catch (cause) {
    throw isAuthError(cause) ? cause : new AuditUnavailableError(cause);
  }
}

/** Adds the correcting entry. If that fails, the log records more than was done, never less. */
export async function takeBack(sink: AuditSink, event: AuditEvent): Promise<void> {
  await keepEvent(sink, { ...event, details: { ...event.details, made: false } });
}
