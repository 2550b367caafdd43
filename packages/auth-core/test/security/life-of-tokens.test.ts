import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attenuateToken, type StoredTokenKind, TOKEN_KINDS, type TokenKind } from '../../src/index.ts';
import { llm } from '../words.ts';
import { type EveryKind, setUpEveryKind } from './every-kind.ts';
import {
  Act,
  ALL,
  addStored,
  both,
  type Command,
  formers,
  grantOf,
  type Held,
  lookAtAll,
  type Model,
  mayOf,
  outcomeOf,
  type Secret,
  seen,
} from './life-model.ts';

const actions = fc.oneof(
  fc.constant(ALL),
  fc.subarray([...ALL], { minLength: 1 }),
  fc.subarray([...ALL], { minLength: 3 }),
);
const holder = fc.nat(40);

const issue = fc
  .tuple(holder, actions, fc.constantFrom<StoredTokenKind>('api-key', 'api-key', 'custom', 'personal-access'))
  .map(
    ([index, asked, kind]) =>
      new Act(`issue ${kind} ${asked}`, index, async (model, { auth }, from, by) => {
        const secret = createHash('sha256')
          .update(`${model.made++}`)
          .digest('base64url')
          .slice(0, 40);
        const input = { name: 'made', kind, grant: grantOf(asked), ...(kind === 'custom' && { secret, force: true }) };
        const { value, code } = await outcomeOf(() => auth.issue(input, by));
        const may = mayOf(from);
        if (!may.includes('tokens:write')) expect(code).toBe('AUTH_PERMISSION_DENIED');
        else if (model.off.has(kind)) expect(code).toBe('AUTH_INPUT_INVALID');
        else if (both(asked, may).length < asked.length) expect(code).toBe('AUTH_GRANT_NOT_COVERED');
        else expect(value, code).toBeDefined();
        if (value === undefined) return;
        // What a derived token makes ends with it; what another one makes is on its own.
        const parent = from.chain.length > 1 ? from : undefined;
        addStored(model, { text: value.token, id: value.record.id, kind }, asked, parent);
      }),
  );

const exchange = fc.tuple(holder, actions).map(
  ([index, asked]) =>
    new Act(`exchange ${asked}`, index, async (model, { auth }, from, by) => {
      const { value, code } = await outcomeOf(() => auth.exchange({ grant: grantOf(asked) }, by));
      if (model.off.has('api-key')) expect(code).toBe('AUTH_INPUT_INVALID');
      else expect(value, code).toBeDefined();
      if (value) addStored(model, { text: value.token, id: value.record.id, kind: 'api-key' }, asked, from);
    }),
);

const makeAccess = fc.tuple(holder, actions).map(
  ([index, asked]) =>
    new Act(`access ${asked}`, index, async (model, { access }, from, by) => {
      const { value, code } = await outcomeOf(() => access.issue(by, { grant: grantOf(asked) }));
      if (model.off.has('access')) expect(code).toBe('AUTH_TOKEN_KIND_DISABLED');
      else expect(value, code).toBeDefined();
      if (value === undefined) return;
      const { token: text, jti } = value;
      const { stored, chain, kinds } = from;
      // What its maker may do is written into it: it gains nothing when that gains something.
      const fixed = both(mayOf(from), asked);
      model.held.push({ text, kind: 'access', stored, fixed, chain: [...chain, jti], kinds: [...kinds, 'access'] });
    }),
);

const attenuate = fc.tuple(holder, actions).map(
  ([index, asked]) =>
    new Act(
      `attenuate ${asked}`,
      index,
      async (model, { auth }, from) => {
        const text = await attenuateToken(llm, from.text, grantOf(asked));
        const { value } = await outcomeOf(() => auth.verify(text));
        const { stored, secret, kinds } = from;
        // Two that are made alike are one, also if that one was ended before.
        const ids = value?.chain ?? [...from.chain, 'unknown'];
        const held: Held = {
          text,
          kind: 'attenuated',
          stored,
          fixed: both(from.fixed, asked),
          chain: ids,
          kinds: [...kinds, 'attenuated'],
          ...(secret && { secret }),
        };
        if (value !== undefined) model.held.push(held);
        else if (!model.off.has('attenuated')) expect(model.ended.size).toBeGreaterThan(0);
      },
      ({ kind }) => kind !== 'access',
    ),
);

const rotate = fc.tuple(holder, fc.boolean()).map(
  ([index, overlapping]) =>
    new Act(
      `rotate ${overlapping ? 'until first use' : 'at once'}`,
      index,
      async (model, { auth }, from, by) => {
        const input = overlapping ? { overlap: 'until-first-use' as const } : {};
        const { value, code } = await outcomeOf(() => auth.rotate(by.id, input, by));
        expect(value, code).toBeDefined();
        if (value === undefined) return;
        const { stored } = from;
        const present: Secret = { state: 'present' };
        stored.secret.state = overlapping ? 'former' : 'over';
        formers.set(present, stored.secret);
        stored.secret = present;
        model.held.push({ ...from, text: value.token, secret: present });
      },
      ({ kind, stored, secret }) =>
        (kind === 'api-key' || kind === 'personal-access') && stored.kind === kind && secret === stored.secret,
    ),
);

const edit = fc.tuple(holder, actions).map(
  ([index, asked]) =>
    new Act(`edit to ${asked}`, index, async (_, { auth, operator }, { stored }) => {
      await auth.edit(stored.id, { grant: grantOf(asked) }, operator);
      stored.own = asked;
    }),
);

const revoke = holder.map(
  (index) =>
    new Act('revoke-self', index, async (model, { auth }, _, by) => {
      await auth.revokeSelf(by);
      model.ended.add(by.id);
    }),
);

class SwitchKind implements Command {
  readonly #kind: TokenKind;
  constructor(kind: TokenKind) {
    this.#kind = kind;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: EveryKind): Promise<void> {
    const isOff = model.off.has(this.#kind);
    if (isOff) model.off.delete(this.#kind);
    else model.off.add(this.#kind);
    real.settings.kinds = { ...real.settings.kinds, [this.#kind]: isOff };
    await lookAtAll(model, real);
  }
  toString(): string {
    return `switch ${this.#kind}`;
  }
}

const commands = fc.commands(
  [
    issue,
    exchange,
    makeAccess,
    attenuate,
    attenuate,
    rotate,
    edit,
    revoke,
    fc.constantFrom(...TOKEN_KINDS).map((kind) => new SwitchKind(kind)),
  ],
  { maxCommands: 30, size: '+1' },
);

it('whatever happens to tokens, those work that should, and none may do more than what it was made of', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const real = setUpEveryKind();
      const model: Model = { held: [], ended: new Set(), off: new Set(), made: 0 };
      for (const kind of ['api-key', 'legacy'] as const) {
        const { token, record } = await real.auth.issue({ name: kind, kind, grant: grantOf(ALL) }, real.operator);
        addStored(model, { text: token, id: record.id, kind }, ALL, undefined);
      }
      await fc.asyncModelRun(() => ({ model, real }), sequence);
    }),
    { numRuns: 300 },
  );
  for (const count of Object.values(seen)) expect(count, JSON.stringify(seen)).toBeGreaterThan(9);
}, 60_000);
