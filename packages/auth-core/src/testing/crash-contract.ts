import { createAuditLog } from '../audit/audit-log.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import type { LimitStore, WindowClaim } from '../limits/limit-store.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { assertEqual, type ContractCase } from './contract-case.ts';

/** Stores that share a database. */
export interface CrashStores {
  readonly tokens: TokenStore;
  readonly limits: LimitStore;
  readonly audit: AuditStore;
}

/** A process that runs {@link writeUntilKilled}. */
export interface CrashWriter {
  /** The lines that it has acknowledged, up to the last one before its end. */
  readonly lines: AsyncIterable<string>;
  /** Ends it as a crash does: `SIGKILL`, without a chance to clean up. */
  kill(): void;
}

/** A database that starts empty. */
export interface CrashSetup {
  /** Opens the database as after a restart of the program, including its migrations. */
  open(): Promise<CrashStores>;
  /** Starts a writer on the database. */
  startWriter(): Promise<CrashWriter>;
  /** Removes the database, and closes everything that was opened. */
  dispose(): Promise<void>;
}

/** The log of the contract is only a test, so its key need not be secret. */
const KEY = new Uint8Array(32).fill(9);
const WINDOW = { kind: 'window', windowEnd: Date.parse('2027-02-01T00:00:00Z') } as const;
const COUNTERS = [
  { ...WINDOW, key: 'requests' },
  { ...WINDOW, key: 'tokens' },
] as const;
const NOW = Date.parse('2027-01-15T00:00:00Z');
const ROUNDS = 10;
/** The most writes that a round acknowledges before its end. */
const MOST_LINES = 60;

/**
 * The requirements for a database whose writing process is killed repeatedly, at any moment: no acknowledged write is
 * lost, no write is stored partially, and the database opens.
 *
 * The writer is your own process, whose program opens the stores and passes them to {@link writeUntilKilled}.
 *
 * @example
 * ```ts
 * import { spawn } from 'node:child_process';
 * import { createInterface } from 'node:readline';
 * import { type CrashSetup, crashContract } from '@latchkey/auth-core/testing';
 *
 * export const casesOf = (open: CrashSetup['open']) =>
 *   crashContract(async () => ({
 *     open,
 *     async startWriter() {
 *       const child = spawn(process.execPath, ['writer.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
 *       return { lines: createInterface({ input: child.stdout }), kill: () => void child.kill('SIGKILL') };
 *     },
 *     dispose: async () => undefined,
 *   }));
 * ```
 */
export function crashContract(setUp: () => Promise<CrashSetup>): readonly ContractCase[] {
  return [
    {
      name: `loses nothing acknowledged and keeps nothing by half, when a writer is killed ${ROUNDS} times`,
      async run() {
        const setup = await setUp();
        try {
          const acknowledged: string[] = [];
          for (let round = 1; round <= ROUNDS; round++) {
            await writeAndKill(setup, acknowledged);
            await checkStores(await setup.open(), acknowledged, round);
          }
        } finally {
          await setup.dispose();
        }
      },
    },
  ];
}

/**
 * Writes tokens, counts and audit entries, and acknowledges each write when it is done. It ends when it is killed.
 *
 * @param acknowledge prints a line at once; a buffered line is lost with the process
 * @example
 * ```ts
 * import { writeSync } from 'node:fs';
 * import { createMemoryAuditStore, createMemoryLimitStore, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { writeUntilKilled } from '@latchkey/auth-core/testing';
 *
 * const stores = {
 *   tokens: createMemoryTokenStore(),
 *   limits: createMemoryLimitStore(),
 *   audit: createMemoryAuditStore(),
 * };
 * export const run = () => writeUntilKilled(stores, (line) => void writeSync(1, `${line}\n`));
 * ```
 */
export async function writeUntilKilled(
  { tokens, limits, audit }: CrashStores,
  acknowledge: (line: string) => void,
): Promise<never> {
  const log = createAuditLog({ store: audit, key: KEY });
  const run = crypto.randomUUID();
  for (let count = 0; ; count++) {
    const id = `${run} ${count}`;
    if (!(await tokens.insert(tokenAt(id, 1)))) throw new Error('the token is there already');
    acknowledge(`token 1 ${id}`);
    if (!(await tokens.update(tokenAt(id, 2), 1))) throw new Error('the token is not there');
    acknowledge(`token 2 ${id}`);
    const claims = COUNTERS.map((counter): WindowClaim => ({ ...counter, amount: 1, limit: 1_000_000 }));
    if (!(await limits.take(claims, NOW)).taken) throw new Error('there is room, and nothing was taken');
    acknowledge('count');
    await log.record({ type: 'token.issued', actor: {}, subject: id });
    acknowledge('entry');
  }
}

/** The token of a version: used to write it, and to check that all of it was stored. */
function tokenAt(id: string, version: number): TokenRecord {
  return {
    id,
    kind: 'api-key',
    name: `name ${version}`,
    notes: `notes ${version} `.repeat(200),
    digest: `digest ${version}`,
    grant: { actions: version === 1 ? ['chat'] : [] },
    owner: 'ada',
    createdAt: '2027-01-01T00:00:00.000Z',
    createdBy: 'local:operator',
    ...(version > 1 && { revokedAt: '2027-01-02T00:00:00.000Z' }),
    version,
  };
}

async function writeAndKill({ startWriter }: CrashSetup, acknowledged: string[]): Promise<void> {
  const writer = await startWriter();
  const enough = 1 + Math.floor(Math.random() * MOST_LINES);
  let lines = 0;
  for await (const line of writer.lines) {
    acknowledged.push(line);
    lines += 1;
    if (lines === enough) writer.kill();
  }
  if (lines < enough) throw new Error(`the writer ended by itself after ${lines} lines`);
}

/** A write in progress at the kill may have been stored, at most once in each round. */
async function checkStores(
  { tokens, limits, audit }: CrashStores,
  acknowledged: readonly string[],
  rounds: number,
): Promise<void> {
  for (const line of acknowledged) {
    const [, version = '', id = ''] = /^token (\d) (.+)$/.exec(line) ?? [];
    if (id !== '') assertIn((await tokens.find(id))?.version, Number(version), 2);
  }
  const records = await tokens.list({});
  for (const record of records) assertEqual(record, tokenAt(record.id, record.version));
  const counts = count(acknowledged, 'count');
  const used = await limits.read(COUNTERS, NOW);
  assertEqual(used[0], used[1]);
  assertIn(used[0], counts, counts + rounds);
  const verification = await createAuditLog({ store: audit, key: KEY }).verify();
  assertEqual(verification.intact, true);
  const entries = count(acknowledged, 'entry');
  assertIn((await audit.head())?.seq ?? 0, entries, entries + rounds);
}

function count(lines: readonly string[], wanted: string): number {
  return lines.filter((line) => line === wanted).length;
}

function assertIn(actual: number | undefined, least: number, most: number): void {
  if (actual !== undefined && actual >= least && actual <= most) return;
  throw new Error(`expected ${least} to ${most}, got ${actual}`);
}
