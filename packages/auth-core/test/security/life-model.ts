import type fc from 'fast-check';
import { expect } from 'vitest';
import {
  type Action,
  AuthError,
  type Grant,
  type Principal,
  type StoredTokenKind,
  type TokenKind,
} from '../../src/index.ts';
import type { EveryKind } from './every-kind.ts';

export const ALL: readonly Action[] = ['chat', 'embeddings', 'models:read', 'tokens:read', 'tokens:write'];
export const grantOf = (actions: readonly Action[]): Grant => ({ actions: [...actions], models: ['*'] });
export const both = (left: readonly Action[], right: readonly Action[]) =>
  left.filter((action) => right.includes(action));

/** A secret of a stored token: what proves the token, and what was derived with it. */
export interface Secret {
  state: 'present' | 'former' | 'over';
}

/** What the store keeps, as the model knows it. */
export interface Stored {
  readonly id: string;
  readonly kind: StoredTokenKind;
  readonly parent: Stored | undefined;
  /** What it adds to its parent on the way to itself. */
  readonly fixed: readonly Action[];
  own: readonly Action[];
  secret: Secret;
}

/** A text that somebody holds. */
export interface Held {
  readonly text: string;
  readonly kind: TokenKind;
  readonly stored: Stored;
  readonly fixed: readonly Action[];
  /** Absent: it is proved otherwise than by a secret of the stored token. */
  readonly secret?: Secret;
  readonly chain: readonly string[];
  readonly kinds: readonly TokenKind[];
}

export interface Model {
  readonly held: Held[];
  readonly ended: Set<string>;
  readonly off: Set<TokenKind>;
  made: number;
}

function authorityOf({ parent, fixed, own }: Stored): readonly Action[] {
  const mine = both(fixed, own);
  return parent === undefined ? mine : both(authorityOf(parent), mine);
}

export const mayOf = (held: Held) => both(authorityOf(held.stored), held.fixed);

function isAlive({ ended, off }: Model, { chain, kinds, secret }: Held): boolean {
  return secret?.state !== 'over' && !chain.some((id) => ended.has(id)) && !kinds.some((kind) => off.has(kind));
}

/** What an act answers, or the code of its refusal. */
export async function outcomeOf<T>(act: () => Promise<T>): Promise<{ readonly value?: T; readonly code?: string }> {
  try {
    return { value: await act() };
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return { code: (error as AuthError).code };
  }
}

export type Command = fc.AsyncCommand<Model, EveryKind>;

/** An act of somebody who holds a token: when that does not count, the act does not begin. */
export class Act implements Command {
  readonly #name: string;
  readonly #index: number;
  readonly #run: (model: Model, real: EveryKind, holder: Held, by: Principal) => Promise<void>;
  readonly #fits: (holder: Held) => boolean;

  constructor(
    name: string,
    index: number,
    run: (model: Model, real: EveryKind, holder: Held, by: Principal) => Promise<void>,
    fits: (holder: Held) => boolean = () => true,
  ) {
    this.#name = name;
    this.#index = index;
    this.#run = run;
    this.#fits = fits;
  }

  #holder({ held }: Model): Held | undefined {
    return held[this.#index % held.length];
  }

  check(model: Readonly<Model>): boolean {
    const holder = this.#holder(model);
    return holder !== undefined && holder.chain.length < 8 && this.#fits(holder);
  }

  async run(model: Model, real: EveryKind): Promise<void> {
    const holder = this.#holder(model);
    if (holder === undefined) return;
    const { value: by } = await outcomeOf(() => real.auth.verify(holder.text));
    expect(by !== undefined).toBe(isAlive(model, holder));
    if (by === undefined) return;
    settle(holder);
    await this.#run(model, real, holder, by);
    await lookAtAll(model, real);
  }

  toString(): string {
    return `${this.#name} by #${this.#index}`;
  }
}

/** The use of a present secret ends the one before it. */
export const formers = new WeakMap<Secret, Secret>();
function settle({ secret }: Held): void {
  const former = secret?.state === 'present' ? formers.get(secret) : undefined;
  if (former?.state === 'former') former.state = 'over';
}

export const seen = { accepted: 0, refused: 0, derived: 0, former: 0 };

/** Whoever should be let in is, and may do exactly what the model says; nobody else is let in. */
export async function lookAtAll(model: Model, { auth, inner }: EveryKind): Promise<void> {
  const former = model.held.filter(({ secret }) => secret?.state === 'former');
  for (const held of [...former, ...model.held.filter((one) => !former.includes(one))]) {
    const { value: principal, code } = await outcomeOf(() => auth.verify(held.text));
    expect(principal !== undefined, `${held.kind} ${held.text}: ${code}`).toBe(isAlive(model, held));
    if (principal === undefined) {
      seen.refused++;
      continue;
    }
    seen.accepted++;
    if (held.chain.length > 2) seen.derived++;
    if (held.secret?.state === 'former') seen.former++;
    settle(held);
    const may = ALL.filter((action) => auth.decide(principal, { action, models: 'm' }).allowed);
    expect(may).toEqual(ALL.filter((action) => mayOf(held).includes(action)));
    expect(principal.chain).toEqual(expect.arrayContaining([...held.chain]));
  }
  // A present secret that was proved ends the former one, though the token was refused for another reason.
  for (const { secret, stored } of model.held) {
    if (secret?.state === 'former' && (await inner.find(stored.id))?.previous?.endsAt !== undefined)
      secret.state = 'over';
  }
}

export function addStored(
  model: Model,
  { text, id, kind }: { readonly text: string; readonly id: string; readonly kind: StoredTokenKind },
  own: readonly Action[],
  from: Held | undefined,
): void {
  const secret: Secret = { state: 'present' };
  const stored: Stored = { id, kind, parent: from?.stored, fixed: from?.fixed ?? ALL, own, secret };
  const chain = [...(from?.chain ?? []), id];
  model.held.push({ text, kind, stored, fixed: ALL, secret, chain, kinds: [...(from?.kinds ?? []), kind] });
}
