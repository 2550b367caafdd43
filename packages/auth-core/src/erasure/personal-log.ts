import type { ActsTogether, AuditEvent, AuditSink } from '../audit/audit-event.ts';
import type { AuditListOptions, AuditLog } from '../audit/audit-log.ts';
import type { AuditEntry } from '../audit/audit-store.ts';
import { toActor } from '../audit/to-actor.ts';
import type { Auth } from '../auth.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ConflictError, isAuthError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { requirePart } from '../require-part.ts';
import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from '../token/random.ts';
import type { TokenStore } from '../token/token-store.ts';
import type { PersonStore } from './person-store.ts';
import { personalTextsOf, replacePersonal } from './personal-texts.ts';

/** What {@link createPersonalLog} works with. */
export interface PersonalLogOptions {
  readonly log: Pick<AuditLog, 'record' | 'list'>;
  /** Where the texts are that the log names by pseudonyms. */
  readonly persons: PersonStore;
  /** Says whose tokens the entries of the log are about. */
  readonly tokens: Pick<TokenStore, 'find' | 'over' | 'database'>;
  readonly random?: RandomBytes;
  readonly clock?: Clock;
}

/** What {@link PersonalLog.erase} erases. */
export interface ErasureInput {
  readonly owner: string;
  /** Who erases it; the operator by default. */
  readonly by?: Principal;
}

/** An audit log without texts about persons. */
export interface PersonalLog {
  /** For `createAuth`: records an event with pseudonyms in place of names, owners and addresses. */
  readonly record: AuditSink;
  /** As the `list` of the log, with the texts in place of their pseudonyms, where they were not erased. */
  list(options?: AuditListOptions): Promise<AuditEntry[]>;
  /**
   * Erases a person: revokes and removes all tokens of the owner, deletes the texts about it, and records
   * `owner.erased`. Returns the pseudonym, which is all that the log has from then on. May be called again.
   *
   * @throws {AuthError} as `revokeAll` and `remove` of the auth; the texts are deleted only once no token is left
   */
  erase(auth: Pick<Auth, 'revokeAll' | 'list' | 'remove' | 'operator'>, input: ErasureInput): Promise<string>;
}

/** How many characters a pseudonym has besides `person-`: 95 bits. */
const CHARACTERS = 16;
const PSEUDONYM = /^person-[A-Za-z0-9]{16}$/;
/** An entry is made after its act. Without the replaced one, nothing is recorded. */
function refuseNames(): never {
  throw new Error('an entry was asked for before its act');
}

/** An owner has at least one character. */
const UNKNOWN = '';
/** How long after an erasure an entry about the owner may still be on its way. */
const LATE_MILLISECONDS = 600_000;
/** How many times to look for tokens that were made while others were being removed. */
const PASSES = 10;

/**
 * Keeps an audit log from which persons can be erased, although no entry of it can be changed. What it records names
 * them by pseudonyms; the texts are in another place, where they can be deleted. The chain stays as it is, so it is
 * verified as before.
 *
 * It covers what is recorded through it: names, owners and addresses of callers with a token, and the names and owners
 * of tokens. Put it in place before the first entry. Addresses of strangers, ids of tokens and what a host records in
 * other fields stay: `trim` removes those with their entries.
 *
 * @throws {TypeError} when an option is missing
 * @example
 * ```ts
 * import { createAuditLog, createAuth, createMemoryAuditStore, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createMemoryPersonStore, createPersonalLog } from '@latchkey/auth-core/erasure';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const tokens = createMemoryTokenStore();
 * const log = createAuditLog({ store: createMemoryAuditStore(), key: digestKey });
 * const personal = createPersonalLog({ log, persons: createMemoryPersonStore(), tokens });
 * const auth = createAuth({ store: tokens, digestKey, audit: personal.record });
 *
 * await auth.issue({ name: "ada's laptop", owner: 'ada', grant: { actions: ['usage:read'] } }, auth.operator());
 * await personal.erase(auth, { owner: 'ada' });
 * console.log((await log.verify()).intact, JSON.stringify(await personal.list()).includes('ada')); // true false
 * ```
 */
export function createPersonalLog(options: PersonalLogOptions): PersonalLog {
  requirePart('createPersonalLog', 'log', options?.log, ['record', 'list']);
  requirePart('createPersonalLog', 'persons', options.persons, ['pseudonymOf', 'textsOf', 'forget']);
  requirePart('createPersonalLog', 'tokens', options.tokens, ['find']);
  const { log, persons, tokens, random = systemRandom, clock = systemClock } = options;
  /** When owners were erased. Entries about them may still be on their way: no text is stored for those. */
  const erased = new Map<string, number>();

  const drawPseudonym = (): string => `person-${drawCharacters(ALPHANUMERIC, CHARACTERS, random)}`;

  function isErased(owner: string): boolean {
    const at = erased.get(owner);
    if (at !== undefined && clock().getTime() - at >= LATE_MILLISECONDS) erased.delete(owner);
    return erased.has(owner);
  }

  /** Of a token whose owner is not known here, no text is stored. */
  async function pseudonymOf(owner: string, text: string, transaction?: object): Promise<string> {
    const proposed = drawPseudonym();
    return owner === UNKNOWN || isErased(owner) ? proposed : persons.pseudonymOf(owner, text, proposed, transaction);
  }

  async function ownerOf({ type, subject, details }: AuditEvent, transaction?: object): Promise<string | undefined> {
    if (typeof details?.owner === 'string') return details.owner;
    if (subject === undefined || !type.startsWith('token.')) return undefined;
    return (await tokensIn(transaction)?.find(subject))?.owner ?? UNKNOWN;
  }

  /** A look from inside a transaction that is not part of it could wait for it. */
  function tokensIn(transaction: object | undefined): Pick<TokenStore, 'find'> | undefined {
    if (transaction === undefined) return tokens;
    return tokens.database === log.record.together?.database ? tokens.over?.(transaction) : undefined;
  }

  async function toPseudonyms(event: AuditEvent, transaction?: object): Promise<AuditEvent> {
    // The operator at the machine and guests have no token: no id of one has a colon.
    const isLocal = event.actor.id?.includes(':') === true;
    const known = isLocal ? { ...event, actor: {} } : event;
    const shared = persons.database === log.record.together?.database ? transaction : undefined;
    const replaced = await replacePersonal(known, await ownerOf(event, transaction), (owner, text) =>
      pseudonymOf(owner, text, shared),
    );
    return isLocal ? { ...replaced, actor: event.actor } : replaced;
  }

  /** A sink with pseudonyms in front of another, which may be that of an open transaction. */
  function wrap(sink: AuditSink, inside?: object): AuditSink {
    const record = async (event: AuditEvent): Promise<void> => sink(await toPseudonyms(event, inside));
    const { together } = sink;
    return Object.assign(record, { together: together && wrapTogether(together) });
  }

  function wrapTogether(together: ActsTogether): ActsTogether {
    const { database, write, over } = together;
    return {
      database,
      async write(event, act) {
        if (typeof event !== 'function') return write(await toPseudonyms(event), act);
        let replaced: AuditEvent | undefined;
        return write(
          () => replaced ?? refuseNames(),
          async (transaction) => {
            if (!(await act(transaction))) return false;
            replaced = await toPseudonyms(event(), transaction as object);
            return true;
          },
        );
      },
      ...(over && { over: (transaction: object) => wrap(over(transaction), transaction) }),
    };
  }

  async function list(listing?: AuditListOptions): Promise<AuditEntry[]> {
    const entries = await log.list(listing);
    const pseudonyms = new Set(entries.flatMap(personalTextsOf).filter((text) => PSEUDONYM.test(text)));
    const texts = await persons.textsOf([...pseudonyms]);
    const reveal = async (_: string, text: string): Promise<string> => texts.get(text) ?? text;
    return Promise.all(
      entries.map(async (entry) => ({ ...entry, ...(await replacePersonal(entry, entry.actor.owner ?? '', reveal)) })),
    );
  }

  async function removeTokens(auth: Parameters<PersonalLog['erase']>[0], owner: string, by: Principal): Promise<void> {
    for (let pass = 0; pass < PASSES; pass++) {
      await auth.revokeAll({ owner }, by);
      const left = await auth.list(by, { owner });
      if (left.length === 0) return;
      for (const { id } of left) {
        await auth.remove(id, by).catch((error: unknown) => {
          // It went with the token that it was derived from.
          if (!isAuthError(error) || error.code !== 'AUTH_TOKEN_NOT_FOUND') throw error;
        });
      }
    }
    throw new ConflictError('Tokens of the owner are made faster than they are removed. Try again.');
  }

  const record = wrap(log.record);

  return {
    record,
    list,
    async erase(auth, { owner: asked, by = auth.operator() }) {
      const owner = asked.normalize('NFC');
      await removeTokens(auth, owner, by);
      const pseudonym = await pseudonymOf(owner, owner);
      erased.set(owner, clock().getTime());
      await persons.forget(owner);
      await record({ type: 'owner.erased', actor: toActor(by), subject: pseudonym });
      return pseudonym;
    },
  };
}
