import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Kysely } from 'kysely';
import { type AuditLog, createAuditLog } from '../audit/audit-log.ts';
import { type Auth, type AuthOptions, createAuth, partsOf } from '../auth.ts';
import { defineVocabulary, type VocabularyDefinition } from '../authority/define-vocabulary.ts';
import type { Limit } from '../authority/limit.ts';
import type { AnyResourceKind } from '../authority/resource-kind.ts';
import type { BudgetUnit, CoreWords, Vocabulary, Words } from '../authority/vocabulary.ts';
import { createMeter, type Meter } from '../limits/meter.ts';
import { createKyselyAuditStore } from '../stores/kysely/kysely-audit-store.ts';
import { createKyselyLimitStore } from '../stores/kysely/kysely-limit-store.ts';
import { createKyselyTokenStore } from '../stores/kysely/kysely-store.ts';
import { migrate } from '../stores/kysely/migrate.ts';
import { tokenMigrations } from '../stores/kysely/migrations.ts';
import type { AuditSchema, LimitSchema, SigningKeySchema, TokenSchema } from '../stores/kysely/schema.ts';
import { openSqlite } from '../stores/sqlite/open-sqlite.ts';
import { type KeyRing, readKeyRing } from '../token/key-ring.ts';
import { systemRandom } from '../token/random.ts';
import { createRingSealer, createSealer, type Sealer } from '../token/sealer.ts';
import { createStoreKeys } from '../token/store-keys.ts';
import type { TokenStore } from '../token/token-store.ts';
import { WrongKeyError } from '../token/wrong-key-error.ts';
import { OpenAuthError } from './open-auth-error.ts';
import { createDatabaseFile, readSecret } from './read-secret.ts';

/** What {@link openAuth} opens, and the words of the server. */
export interface OpenAuthOptions<
  Action extends string,
  Resources extends Readonly<Record<string, AnyResourceKind>>,
  Limits extends Readonly<Record<string, Limit>>,
> extends VocabularyDefinition<Action, Resources, Limits>,
    Omit<AuthOptions<OpenedWords<Action, Resources, Limits>>, 'vocabulary' | 'store' | 'digestKey' | 'audit'> {
  /** The file of the database, made with its folder when there is none. `:memory:` ends with the process. */
  readonly file: string;
  /**
   * The secret, if it comes from elsewhere: at least 32 unpredictable bytes, or the present and former ones. By default
   * it is beside the file.
   */
  readonly digestKey?: KeyRing;
}

/** The words of the vocabulary that is made from these options. */
export interface OpenedWords<
  Action extends string,
  Resources extends Readonly<Record<string, AnyResourceKind>>,
  Limits extends Readonly<Record<string, Limit>>,
> extends Words {
  readonly actions: Action | CoreWords['actions'];
  readonly resources: Resources;
  readonly limits: CoreWords['limits'] & Limits;
}

/** The result of `createAuth`, and everything else on the same file. */
export interface OpenedAuth<W extends Words = Words> extends Auth<W> {
  /** Counts requests against the limits of grants: `protect({ auth, meter: auth.meter })`. */
  readonly meter: Meter<BudgetUnit<W>>;
  /** The log in which each change of a token is recorded before the caller gets its answer. */
  readonly audit: AuditLog;
  /** The open database, for the server's own tables and for signing keys. */
  readonly database: Kysely<OpenedSchema>;
  /** Seals with the secret what must not be readable in the database; for `createSigningKeys`. */
  readonly sealer: Sealer;
  /** Writes everything that is still waiting, and closes everything, the database last. */
  close(): Promise<void>;
}

/** The tables of the library. */
export type OpenedSchema = TokenSchema & LimitSchema & AuditSchema & SigningKeySchema;

const IN_MEMORY = ':memory:';

/**
 * Opens tokens, limits and the audit log in one SQLite file, and makes what is missing: the database, the secret beside
 * it (`FILE.key`, mode 0600), and the tables of this version. Several processes may open the same file.
 *
 * > [!WARNING]
 * > The secret is what makes a stolen database useless. Do not put both into one backup.
 *
 * @throws {OpenAuthError} `unsafe_path` when other users of the machine can read the secret, or change the secret or
 * the database; `missing_secret` when there is a database and no secret; `wrong_secret` when it is used with another one
 * @throws {TypeError} when an option is invalid
 * @example
 * ```ts
 * import { names } from '@latchkey/auth-core';
 * import { openAuth } from '@latchkey/auth-core/open';
 *
 * await using auth = await openAuth({
 *   file: '/var/lib/invoices/auth.db',
 *   actions: ['invoices:read'],
 *   resources: { invoices: names() },
 * });
 * const grant = { actions: ['invoices:read'], invoices: ['2026-*'] } as const;
 * const { token } = await auth.issue({ name: 'ci', grant }, auth.operator());
 * const caller = await auth.verify(token);
 * console.log(auth.decide(caller, { action: 'invoices:read', invoices: '2026-17' }).allowed); // true
 * ```
 */
export async function openAuth<
  const Action extends string = never,
  // biome-ignore lint/complexity/noBannedTypes: none
  const Resources extends Readonly<Record<string, AnyResourceKind>> = {},
  // biome-ignore lint/complexity/noBannedTypes: none
  const Limits extends Readonly<Record<string, Limit>> = {},
>({
  file,
  digestKey,
  actions,
  resources,
  limits,
  ...options
}: OpenAuthOptions<Action, Resources, Limits>): Promise<OpenedAuth<OpenedWords<Action, Resources, Limits>>> {
  if (typeof file !== 'string' || file === '') throw new TypeError("openAuth: the option 'file' is missing");
  const vocabulary: Vocabulary = defineVocabulary({
    ...(actions && { actions }),
    ...(resources && { resources }),
    ...(limits && { limits }),
  });
  const secret =
    file === IN_MEMORY ? (digestKey ?? crypto.getRandomValues(new Uint8Array(32))) : prepare(file, digestKey);
  const database = openSqlite<OpenedSchema>(file);
  const timed = options.clock && { clock: options.clock };
  try {
    await migrate(database, tokenMigrations, 'token_migrations', timed);
    const store = createKyselyTokenStore(database);
    await requireOwnSecret(secret, store);
    const audit = createAuditLog({ store: createKyselyAuditStore(database), key: secret, ...timed });
    const meter = createMeter({ vocabulary, store: createKyselyLimitStore(database), ...timed });
    const parts = { vocabulary, store, digestKey: secret, audit: audit.record };
    const auth = createAuth({ ...(options as Partial<AuthOptions>), ...parts });
    const close = () =>
      inTurn(
        auth.close,
        meter.close,
        async () => audit[Symbol.asyncDispose](),
        () => database.destroy(),
      );
    const sealer = createSealer(secret, options.random);
    const opened: OpenedAuth = { ...auth, meter, audit, database, sealer, close, [Symbol.asyncDispose]: close };
    const made = partsOf.get(auth);
    if (made !== undefined) partsOf.set(opened, made);
    // Its vocabulary was made from the options, and the types name its words.
    return opened as never;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

/** Makes the files that are missing, the secret first: a database without one was made with another. */
function prepare(file: string, given: KeyRing | undefined): KeyRing {
  mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
  const secret = given ?? readSecret(file, `${file}.key`);
  createDatabaseFile(file);
  return secret;
}

/** Refuses a secret that the tokens of the database are not stored with. */
async function requireOwnSecret(secret: KeyRing, store: TokenStore): Promise<void> {
  const ring = readKeyRing(secret);
  try {
    await createStoreKeys(ring, createRingSealer(ring, systemRandom), store).openIdKey(false);
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    throw cause instanceof WrongKeyError ? new OpenAuthError('wrong_secret', cause.message, { cause }) : error;
  }
}

/** Closes one after the other, even when one of them fails; rejects with the first failure. */
async function inTurn(...closings: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closings) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
