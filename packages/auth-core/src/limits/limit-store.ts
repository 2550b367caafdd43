/** How much was used in one window of time, e.g. the tokens of a token in a day. */
export interface WindowCounter {
  readonly kind: 'window';
  readonly key: string;
  /** Milliseconds since 1970. Each window of a key is counted on its own. */
  readonly windowEnd: number;
}

/** How many leases of a key are running, e.g. the requests of a token that run at once. */
export interface LeaseCounter {
  readonly kind: 'lease';
  readonly key: string;
}

/** How many credits of a key are spent. Some come back at the beginning of each interval. */
export interface CreditCounter {
  readonly kind: 'credit';
  readonly key: string;
  /** The number of the present interval: it grows by one with each; always 0 where nothing comes back. */
  readonly interval: number;
  /** How many spent credits come back with each interval. */
  readonly refill: number;
}

/** Something that is counted. */
export type Counter = WindowCounter | LeaseCounter | CreditCounter;

/** Asks to use some of a window. */
export interface WindowClaim extends WindowCounter {
  /** A whole number. 0 always fits: such a claim only reads the counter. */
  readonly amount: number;
  /** What the window's use may not go beyond. */
  readonly limit: number;
  /**
   * Where present, the claim accepts less than `amount`. All such claims of one `take` get the same amount: the most
   * that fits all of them, and not less than the `least` of any of them.
   */
  readonly least?: number;
}

/** Asks to spend credits. */
export interface CreditClaim extends CreditCounter {
  /** A whole number. 0 always fits: such a claim only reads the counter. */
  readonly amount: number;
  /** How many credits may be spent before some come back. */
  readonly limit: number;
  /** As in a {@link WindowClaim}. */
  readonly least?: number;
}

/** Asks for a lease, which counts until it is dropped or expires. */
export interface LeaseClaim extends LeaseCounter {
  /** The same for the leases of one holder, which are renewed and dropped together. */
  readonly leaseId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** How many leases of the key may run. */
  readonly limit: number;
}

/** A lease that is held. */
export type HeldLease = Pick<LeaseClaim, 'key' | 'leaseId'>;

/** What {@link LimitStore.take} is asked for. */
export type Claim = WindowClaim | CreditClaim | LeaseClaim;

/** What one claim got, and how much of its counter is used with that. */
export interface Taking {
  readonly amount: number;
  readonly used: number;
}

/**
 * All claims, or none: what each claim got, in the order of the claims, or the indexes of the claims that did not fit.
 */
export type TakeAnswer =
  | { readonly taken: true; readonly takings: readonly Taking[] }
  | { readonly taken: false; readonly refused: readonly number[] };

/**
 * A correction of what a window or credits count. Credits of an interval before the last that they were spent in are
 * not given back: they may have come back already.
 */
export type Adjustment = (WindowCounter | CreditCounter) & {
  /** A whole number, below 0 to give back. */
  readonly amount: number;
};

/**
 * SEAM: where use is counted. `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * Each call is atomic for all processes that share the store. A method that cannot do its work rejects; it never
 * answers with a guess. Windows that ended an hour ago may be forgotten, so the clocks of these processes must not
 * differ by more; a store whose place has a clock of its own gives them that one.
 */
export interface LimitStore {
  /**
   * The time by which all processes that share the store count, in milliseconds since 1970: the database's, where it has
   * a clock of its own. The clock of a process then counts for nothing.
   */
  now?(): number | Promise<number>;
  /**
   * Takes all the claims or, when one of them does not fit, none. Fails when two of them have the same key. A store
   * that can answer (or throw) synchronously should do so: every request waits for this call. `now` is in milliseconds
   * since 1970; leases that have expired by then do not count.
   */
  take(claims: readonly Claim[], now: number): TakeAnswer | Promise<TakeAnswer>;
  /** Corrects what windows count, all of them or none. No window goes below 0; one may go beyond its limit. */
  adjust(adjustments: readonly Adjustment[]): Promise<void>;
  /** How much of each counter is used, in the order of the counters. */
  read(counters: readonly Counter[], now: number): Promise<number[]>;
  /**
   * Lets leases run until `expiresAt`, also those that have expired meanwhile: their holder still runs. Then more may run
   * than their limit allows, until some of them end; no other is let in.
   */
  renew(leases: readonly HeldLease[], expiresAt: number): Promise<void>;
  /** Ends leases. Ignores those that do not exist. Their holder calls it when no `renew` of theirs is under way. */
  drop(leaseIds: readonly string[]): Promise<void>;
  /** Releases the store's own resources. Every later call rejects. */
  close(): Promise<void>;
}
