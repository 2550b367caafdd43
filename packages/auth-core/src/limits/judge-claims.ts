import type { Claim, TakeAnswer } from './limit-store.ts';
import { pair } from './pair.ts';

/** For how long a store keeps a window that has ended: clocks of processes that share it may differ. */
export const KEPT_MILLISECONDS = 3_600_000;

/**
 * Says what claims get, where so much of their counters is used. The caller sees to it that nobody else uses any of
 * them meanwhile.
 */
export function judgeClaims(claims: readonly Claim[], used: readonly number[]): TakeAnswer {
  if (new Set(claims.map(({ key }) => key)).size < claims.length) throw new Error('two claims have one key');
  const judged = pair(claims, used).map(([claim, before]) => ({
    before,
    amount: amountOf(claim),
    room: roomFor(claim, before),
    least: leastOf(claim),
  }));
  const least = Math.max(...judged.flatMap((claim) => claim.least ?? []));
  const share = Math.min(...judged.flatMap((claim) => (claim.least === undefined ? [] : claim.room)));
  // Written so that a count that is no number fits nothing.
  const fits = (claim: (typeof judged)[number]) => claim.room >= (claim.least === undefined ? claim.amount : least);
  const refused = judged.flatMap((claim, index) => (fits(claim) ? [] : [index]));
  if (refused.length > 0) return { taken: false, refused };
  const takings = judged.map((claim) => {
    const amount = claim.least === undefined ? claim.amount : share;
    return { amount, used: claim.before + amount };
  });
  return { taken: true, takings };
}

function amountOf(claim: Claim): number {
  return claim.kind === 'window' ? claim.amount : 1;
}

function leastOf(claim: Claim): number | undefined {
  return claim.kind === 'window' ? claim.least : undefined;
}

/** How much of what a claim asks for fits. */
function roomFor(claim: Claim, used: number): number {
  return Math.min(amountOf(claim), Math.max(0, claim.limit - used));
}
