import { type AuditChain, type AuditEnds, FIRST_HEAD } from './audit-chain.ts';
import type { AuditCheckpoint, AuditHead, AuditStore, SealedAuditHead } from './audit-store.ts';
import { type AuditVerification, broken } from './audit-verification.ts';
import { createChainWalk, type WalkOptions } from './chain-walk.ts';

export interface VerifyOptions {
  /** Heads that the log once had. Those whose entries were trimmed do not count. */
  readonly expected: readonly AuditHead[];
  /** Where to begin: at the first entry, or at the last checkpoint. */
  readonly from: 'start' | 'checkpoint';
}

type ReadableStore = Pick<AuditStore, 'read' | 'head' | 'checkpoints'>;

const PAGE = 1000;
/** How often a verification begins again because the log was trimmed meanwhile. */
const ATTEMPTS = 100;

/**
 * Reads a log, a page at a time, and compares it with what its key says. Entries may be appended meanwhile, and the log
 * may be trimmed.
 */
export async function verifyChain(
  store: ReadableStore,
  chain: AuditChain,
  options: VerifyOptions,
): Promise<AuditVerification> {
  for (let attempt = 1; ; attempt++) {
    const sealed = await store.head();
    const found = await verifyOnce(store, chain, sealed, options);
    if (found.intact || attempt >= ATTEMPTS || startOf(await store.head()) === startOf(sealed)) return found;
  }
}

async function verifyOnce(
  store: ReadableStore,
  chain: AuditChain,
  sealed: SealedAuditHead | undefined,
  { expected, from }: VerifyOptions,
): Promise<AuditVerification> {
  const ends = await chain.openHead(sealed);
  const { genuine, forged } = await sortCheckpoints(chain, await store.checkpoints());
  const heads = [...expected, ...genuine, ...(ends === undefined ? [] : [ends.head])];
  const trimmed = startOf(sealed);
  const known = heads.filter(({ seq }) => seq > trimmed || (seq === trimmed && ends !== undefined));

  const checkpoint =
    from === 'start' ? undefined : genuine.findLast(({ seq }) => seq > trimmed && seq <= (ends?.head.seq ?? seq));
  const replaced = await findReplaced(store, chain, known, ends, checkpoint);
  if (replaced !== undefined) return replaced;

  const walk = createChainWalk(chain, {
    ...beginOf(sealed, ends, checkpoint),
    known: known.filter(({ seq }) => (checkpoint === undefined ? seq > trimmed : seq >= checkpoint.seq)),
    ...(ends !== undefined && { goal: ends.head }),
  });
  for (let more = true, after = checkpoint && checkpoint.seq - 1; more; after = walk.last.seq) {
    const page = await store.read({ ...(after !== undefined && { after }), limit: PAGE });
    const problem = await walk.check(page);
    if (problem !== undefined) return problem;
    more = page.length === PAGE;
  }
  const { last } = walk;
  if (ends === undefined && sealed?.start !== undefined) return broken(walk.start.seq + 1, 'start');
  if (ends === undefined) return broken(last.seq + 1, 'head');
  const unreached = walk.checkReached();
  if (unreached !== undefined) return unreached;
  if (last.seq > ends.head.seq && !(await isAppended(store, chain, last.seq))) return broken(last.seq + 1, 'head');
  if (forged !== undefined) return broken(forged.seq, 'checkpoint');
  return {
    intact: true,
    entries: walk.entries,
    head: last,
    ...(ends.start.seq > 0 && { trimmed: ends.start }),
    ...(checkpoint !== undefined && { checkpoint: { seq: checkpoint.seq, hash: checkpoint.hash } }),
  };
}

/** Checks the heads before the place where the walk begins: returns the first that is not the log's, if any. */
async function findReplaced(
  store: ReadableStore,
  chain: AuditChain,
  known: readonly AuditHead[],
  ends: AuditEnds | undefined,
  checkpoint: AuditHead | undefined,
): Promise<AuditVerification | undefined> {
  for (const { seq, hash } of known) {
    if (ends !== undefined && seq === ends.start.seq) {
      if (hash !== ends.start.hash) return broken(seq, 'replaced');
    } else if (checkpoint !== undefined && seq < checkpoint.seq) {
      const [entry] = await store.read({ after: seq - 1, limit: 1 });
      if (entry?.seq !== seq) return broken(seq, 'missing');
      if (!(await chain.fit([entry]))[0]) return broken(seq, 'changed');
      if (entry.hash !== hash) return broken(seq, 'replaced');
    }
  }
  return undefined;
}

async function sortCheckpoints(chain: AuditChain, checkpoints: readonly AuditCheckpoint[]) {
  const genuine: AuditCheckpoint[] = [];
  let forged: AuditCheckpoint | undefined;
  for (const checkpoint of checkpoints) {
    if (await chain.isGenuine(checkpoint)) genuine.push(checkpoint);
    else forged ??= checkpoint;
  }
  return { genuine, forged };
}

/** A record that cannot be trusted still shows that entries were trimmed: then any first entry is accepted. */
function beginOf(
  sealed: SealedAuditHead | undefined,
  ends: AuditEnds | undefined,
  checkpoint: AuditHead | undefined,
): Pick<WalkOptions, 'begin'> {
  if (checkpoint !== undefined) return { begin: { seq: checkpoint.seq - 1 } };
  if (ends !== undefined) return { begin: ends.start };
  return sealed?.start === undefined ? { begin: FIRST_HEAD } : {};
}

/** For entries beyond the head at the start of the verification: whether the head has moved on since. */
async function isAppended(store: ReadableStore, chain: AuditChain, lastSeq: number): Promise<boolean> {
  const ends = await chain.openHead(await store.head());
  return ends !== undefined && ends.head.seq >= lastSeq;
}

const startOf = (sealed: SealedAuditHead | undefined): number => sealed?.start?.seq ?? 0;
