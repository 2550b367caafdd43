import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCredential } from '../../src/http/index.ts';
import { InvalidTokenError, TOKEN_KINDS } from '../../src/index.ts';
import { CUSTOM_TEXT, makeEveryKind, setUpEveryKind } from './every-kind.ts';

const API_KEY = /^sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}$/;
const LEGACY = /^[0-9a-f]{40}$/;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const ATTENUATED = /^lka_[A-Za-z0-9-]+(?:\.[A-Za-z0-9_-]+)+\.[0-9a-f]{64}$/;
const CUSTOM = /^(?!sk-lm-|lka_|eyJ)[\x21-\x7e]{8,256}$/i;

/** Whether a text could be a token of any kind, said in other words than the formats say it. */
const couldBeToken = (text: string) => [API_KEY, LEGACY, JWT, ATTENUATED, CUSTOM].some((shape) => shape.test(text));

const scheme = fc.constantFrom('Bearer ', 'bearer  ', 'Token ', 'Basic ', 'Digest ', 'Bearer', 'Bearer\t', '');
const junk = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 80 }));
const piece = fc.oneof(
  junk,
  fc.constantFrom('sk-lm-', 'sk-LM-', 'lka_', 'lka_custom-', 'eyJ', ':', '.', '=', "'; DROP TABLE tokens; --", '%00'),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 7, maxLength: 66 }),
  fc.string({ unit: fc.constantFrom(...'ABCxyz019'), minLength: 7, maxLength: 21 }),
);
const credential = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
const field = fc.tuple(scheme, credential).map((parts) => parts.join(''));
const lines = fc.oneof({ weight: 8, arbitrary: field.map((one) => [one]) }, fc.array(field, { maxLength: 3 }));

it('a header that nobody has made a token for lets nobody in, and the store sees nothing of a malformed one', async () => {
  const installation = setUpEveryKind();
  const { auth, calls, keyCalls } = installation;
  const real = new Set(Object.values(await makeEveryKind(installation)));
  let malformed = 0;
  let unknown = 0;
  await fc.assert(
    fc.asyncProperty(lines, fc.option(credential, { freq: 10 }), fc.boolean(), async (authorization, apiKey, basic) => {
      calls.length = 0;
      keyCalls.length = 0;
      const headers: Record<string, readonly string[]> = { authorization, ...(apiKey && { 'x-api-key': [apiKey] }) };
      let text: string | undefined;
      try {
        text = readCredential((name) => headers[name] ?? [], { basic });
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidTokenError);
        return;
      }
      if (text !== undefined && real.has(text)) return;
      const error = await auth.verify(text).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidTokenError);
      if (text !== undefined && couldBeToken(text)) {
        unknown++;
        return;
      }
      malformed++;
      expect((error as InvalidTokenError).code).toMatch(/^AUTH_TOKEN_(?:MISSING|MALFORMED)$/);
      expect([...calls, ...keyCalls]).toEqual([]);
    }),
    { numRuns: 40_000 },
  );
  expect(Math.min(malformed, unknown)).toBeGreaterThan(1000);
}, 60_000);

it('a token with something changed in it is not the token', async () => {
  const installation = setUpEveryKind();
  const { auth, calls } = installation;
  const tokens = await makeEveryKind(installation);
  const known = new Set(Object.values(tokens));
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((unit) => String.fromCharCode(unit));
  const change = fc.record({
    kind: fc.constantFrom(...TOKEN_KINDS),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    removed: fc.integer({ min: 0, max: 3 }),
    added: fc.oneof(
      fc.string({ unit: visible, maxLength: 3 }),
      fc.constantFrom('.', ':', '=', '%', '\u{1f511}', ' ', '\n'),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
      const [{ kind } = { kind: 'custom' as const }] = changes;
      const text = changes.reduce((before, { at, removed, added }) => {
        const index = Math.floor(at * (before.length + 1));
        return before.slice(0, index) + added + before.slice(index + removed);
      }, tokens[kind]);
      if (known.has(text)) return;
      calls.length = 0;
      const error = await auth.verify(text).catch((reason: unknown) => reason);
      expect(error, text).toBeInstanceOf(text === '' ? Error : InvalidTokenError);
      if (!couldBeToken(text)) expect(calls).toEqual([]);
    }),
    { numRuns: 20_000 },
  );
  // They still are what they were.
  for (const kind of TOKEN_KINDS) expect(await auth.verify(tokens[kind])).toMatchObject({ kind });
  expect(known).toContain(CUSTOM_TEXT);
}, 60_000);
