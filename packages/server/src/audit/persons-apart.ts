import type { AuditEvent, AuditLog, AuditSink, TokenStore } from '@latchkey/auth-core';
import { createPersonalLog, type PersonalLog, type PersonStore } from '@latchkey/auth-core/erasure';

/** An audit log in front of which the texts about persons are kept apart, so that they can be erased. */
export interface PersonsApart extends AsyncDisposable {
  /** Records, and lists with names. With `apart`, what is recorded names persons by pseudonyms. */
  readonly log: AuditLog;
  readonly erase: PersonalLog['erase'];
}

export interface PersonsApartOptions {
  readonly log: AuditLog;
  readonly persons: PersonStore;
  readonly tokens: TokenStore;
  /** Whether entries name persons by pseudonyms from now on. */
  readonly apart: boolean;
}

/**
 * Puts `createPersonalLog` in front of the log. Entries that were recorded with names keep them, since no entry can be
 * changed; an erasure itself is always recorded with a pseudonym.
 */
export function keepPersonsApart({ log, persons, tokens, apart }: PersonsApartOptions): PersonsApart {
  const personal = createPersonalLog({ log, persons, tokens });
  // Notes wait in a queue of their own, where refusals are counted together.
  const noting = createPersonalLog({
    log: { record: async (event) => log.note(event), list: log.list },
    persons,
    tokens,
  });
  const pending = new Set<Promise<void>>();

  function note(event: AuditEvent): void {
    if (event.actor.owner === undefined) {
      log.note(event);
      return;
    }
    // Without its pseudonyms, an entry has no names.
    const noted = noting
      .record(withoutSources(event))
      .catch(() => log.note({ ...event, actor: withoutTexts(event), details: {} }));
    pending.add(noted);
    void noted.finally(() => pending.delete(noted));
  }

  const record: AuditSink = Object.assign((event: AuditEvent) => personal.record(withoutSources(event)), {
    together: personal.record.together,
  });

  return {
    log: { ...log, list: personal.list, ...(apart ? { record, note } : {}) },
    erase: personal.erase,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(pending);
    },
  };
}

/** A denial says whose grant denied: `token ci-bot`, `owner ada`. Which token that was is in its actor. */
function withoutSources(event: AuditEvent): AuditEvent {
  const { source } = event.details ?? {};
  if (typeof source !== 'string') return event;
  return { ...event, details: { ...event.details, source: source.replace(/^(token|owner) .*$/s, '$1') } };
}

const withoutTexts = ({ actor: { id } }: AuditEvent): AuditEvent['actor'] => (id === undefined ? {} : { id });
