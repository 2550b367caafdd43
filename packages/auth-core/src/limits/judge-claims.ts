import type { Claim, CreditClaim, TakeAnswer, Taking, WindowClaim } from './limit-store.ts';
import { pair } from './pair.ts';

/** A day of UTC. */
export const DAY_MILLISECONDS = 86_400_000;

/** How long a store keeps a window after its end: clocks that were wrong, and are right again, may ask for it. */
export const KEPT_MILLISECONDS = 3_600_000;
/** As above, for a window that ends with a day: it may be one of a day or a month, which a wrong clock skips easily. */
export const KEPT_DAYS_MILLISECONDS = 32 * DAY_MILLISECONDS;

/** Whether a window ends with a day of UTC. */
export function endsWithDay(windowEnd: number): boolean {
  return windowEnd % DAY_MILLISECONDS === 0;
}

/**
 * Decides what claims get, given how much of their counters is used. The caller must hold the counters, so that no
 * other process changes them meanwhile.
 */
export function judgeClaims(claims: readonly Claim[], used: readonly number[]): TakeAnswer {
  if (claims.length > 1 && new Set(claims.map(({ key }) => key)).size < claims.length) {
    throw new Error('two claims have one key');
  }
  const counted = pair(claims, used);
  let least = Number.NEGATIVE_INFINITY;
  let share = Number.POSITIVE_INFINITY;
  for (const [claim, before] of counted) {
    if (!isElastic(claim)) continue;
    least = Math.max(least, claim.least);
    share = Math.min(share, roomFor(claim, before));
  }
  const refused: number[] = [];
  const takings: Taking[] = [];
  for (const [claim, before] of counted) {
    const [needed, amount] = isElastic(claim) ? [least, share] : [amountOf(claim), amountOf(claim)];
    // Written so that the claim is refused when the count is NaN.
    if (!(roomFor(claim, before) >= needed)) refused.push(takings.length);
    takings.push({ amount, used: before + amount });
  }
  return refused.length > 0 ? { taken: false, refused } : { taken: true, takings };
}

/** Whether a claim accepts less than its `amount`. */
function isElastic(claim: Claim): claim is (WindowClaim | CreditClaim) & { readonly least: number } {
  return claim.kind !== 'lease' && claim.least !== undefined;
}

function amountOf(claim: Claim): number {
  return claim.kind === 'lease' ? 1 : claim.amount;
}

/** How much of what a claim asks for fits. */
function roomFor(claim: Claim, used: number): number {
  return Math.min(amountOf(claim), Math.max(0, claim.limit - used));
}
