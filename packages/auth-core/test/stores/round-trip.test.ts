import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKEN_KINDS, type TokenRecord, type TokenStore } from '../../src/index.ts';
import { createKyselyTokenStore } from '../../src/stores/kysely/index.ts';
import { type SqlSetup, sqlPlaces } from '../contract/places.ts';

// The texts of a record are checked before they get there: well-formed, and without the character that ends a text in C.
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.replaceAll('\u0000', ''));
const time = fc
  .date({ noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01') })
  .map((date) => date.toISOString());
const json = fc.json({ maxDepth: 3 });
const grant = json.map((value): TokenRecord['grant'] => JSON.parse(`{"actions":["chat"],"mcp":${value}}`));
const caveat = fc.record(
  { grant, source: text, id: text },
  { requiredKeys: ['grant', 'source'], noNullPrototype: true },
);
const previous = fc.record(
  { digest: text, attenuationKey: text, endsAt: time },
  { requiredKeys: ['digest'], noNullPrototype: true },
);

const record: fc.Arbitrary<Omit<TokenRecord, 'id' | 'version'>> = fc.record(
  {
    kind: fc.constantFrom(...TOKEN_KINDS),
    name: text,
    notes: text,
    metadata: json.map((value): NonNullable<TokenRecord['metadata']> => ({ value: JSON.parse(value) })),
    digest: text,
    attenuationKey: text,
    previous,
    sealed: text,
    stub: text,
    parentId: text,
    caveats: fc.array(caveat, { maxLength: 3 }),
    grant,
    owner: text,
    project: text,
    createdAt: time,
    createdBy: text,
    expiresAt: time,
    revokedAt: time,
    rotatedAt: time,
    rotateAfterSeconds: fc.integer({ min: 1, max: 2 ** 40 }),
    lastUsedAt: time,
  },
  { requiredKeys: ['kind', 'name', 'digest', 'grant', 'owner', 'createdAt', 'createdBy'], noNullPrototype: true },
);

describe.each(await sqlPlaces())('records in $name', ({ setUp }) => {
  let place: SqlSetup<TokenStore>;
  let store: TokenStore;
  beforeAll(async () => {
    place = await setUp((database) => createKyselyTokenStore(database));
    store = await place.open();
  });
  afterAll(() => place.dispose());

  it('come back as they were, whatever they hold, and so after a change', async () => {
    let count = 0;
    const property = fc.asyncProperty(record, record, async (before, after) => {
      const id = `token ${++count}`;
      const inserted = { ...before, id, version: 1 };
      expect(await store.insert(inserted)).toBe(true);
      expect(await store.find(id)).toStrictEqual(inserted);
      expect(await store.update({ ...after, id, version: 2 }, 1)).toBe(true);
      const { lastUsedAt: _, ...changed } = after;
      const use = before.lastUsedAt === undefined ? {} : { lastUsedAt: before.lastUsedAt };
      expect(await store.find(id)).toStrictEqual({ ...changed, ...use, id, version: 2 });
    });
    await fc.assert(property, { numRuns: 100 });
  });
});
