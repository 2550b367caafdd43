import { describe, expect, it } from 'vitest';
import { anonymousPrincipal, createMemoryLimitStore, createMeter, type GrantLimits } from '../../src/index.ts';
import { createDatabaseClock } from '../../src/stores/kysely/database-clock.ts';
import { createKyselyLimitStore } from '../../src/stores/kysely/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { sourceOf, sqlPlaces } from '../contract/places.ts';
import { startProgram } from '../stores/program.ts';
import { llm } from '../words.ts';

const DAY = 86_400_000;
const guestWith = (limits: GrantLimits) => anonymousPrincipal(llm, { actions: ['chat'], limits }, 'guest');

/** A process and a database with clocks of their own. */
function setUp() {
  const time = { database: 1_000_000, wall: 5_000_000, elapsed: 0 };
  let asked = 0;
  const now = createDatabaseClock(
    async () => {
      asked++;
      return time.database;
    },
    { wall: () => time.wall, elapsed: () => time.elapsed },
  );
  const pass = (milliseconds: number) => {
    for (const clock of ['database', 'wall', 'elapsed'] as const) time[clock] += milliseconds;
  };
  return { time, now, pass, asked: () => asked };
}

describe('the clock of the database', () => {
  it('is asked once, and goes by what has elapsed', async () => {
    const { now, pass, asked } = setUp();
    expect(await Promise.all([now(), now(), now()])).toEqual([1_000_000, 1_000_000, 1_000_000]);
    pass(59_000);
    expect(now()).toBe(1_059_000);
    expect(asked()).toBe(1);
    pass(1000);
    expect(await now()).toBe(1_060_000);
    expect(asked()).toBe(2);
  });

  it.each([3 * 60_000, -3 * 60_000, 26 * 3_600_000, -26 * 3_600_000, 400 * DAY, -400 * DAY])(
    'counts for a process whose own is set by %d ms',
    async (jump) => {
      const { time, now, pass, asked } = setUp();
      await now();
      pass(1000);
      time.wall += jump;
      expect(await now()).toBe(1_001_000);
      pass(1000);
      expect(now()).toBe(1_002_000);
      expect(asked()).toBe(2);
    },
  );

  it('is asked again after the process has slept, while nothing has elapsed for it', async () => {
    const { time, now } = setUp();
    await now();
    time.wall += 3_600_000;
    time.database += 3_600_000;
    expect(await now()).toBe(4_600_000);
  });

  it('stands for half of the way to the database and back', async () => {
    const time = { elapsed: 0 };
    const now = createDatabaseClock(
      async () => {
        time.elapsed += 10;
        return 1_000_000;
      },
      { wall: () => time.elapsed, elapsed: () => time.elapsed },
    );
    expect(await now()).toBe(1_000_005);
  });

  it('is asked again when it has not answered', async () => {
    let fails = true;
    const now = createDatabaseClock(async () => {
      if (fails) throw new Error('gone');
      return 7;
    });
    await expect(Promise.resolve(now())).rejects.toThrow('gone');
    fails = false;
    expect(await now()).toBeGreaterThanOrEqual(7);
  });
});

/** A process whose date jumps before each of its requests; it prints how many were let in. */
function jumpingProcess(program: string, seed: number, limits: GrantLimits) {
  return startProgram(`
    let skew = 0;
    const { now: real } = Date;
    globalThis.Date = class extends Date {
      constructor(...given) { given.length === 0 ? super(real() + skew) : super(...given); }
      static now() { return real() + skew; }
    };
    ${program}
    const { anonymousPrincipal, createMeter } = await import(${sourceOf('index.ts')});
    const { llm } = await import(${sourceOf('llm/index.ts')});
    const { createKyselyLimitStore } = await import(${sourceOf('stores/kysely/index.ts')});
    const meter = createMeter({ vocabulary: llm, store: createKyselyLimitStore(database) });
    const guest = anonymousPrincipal(llm, { actions: ['chat'], limits: ${JSON.stringify(limits)} }, 'guest');
    let state = ${seed};
    const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const units = [60_000, 3_600_000, 86_400_000, 32 * 86_400_000];
    let admitted = 0;
    let most = 0;
    console.log('ready');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    for (let request = 0; request < 40; request++) {
      skew = Math.round((random() - 0.5) * 4 * units[Math.floor(random() * units.length)]);
      try {
        await using admission = await meter.admit(guest);
        admitted++;
        most += (await admission.reserve('tokens', 5, 1)).granted;
      } catch {}
    }
    console.log(JSON.stringify([admitted, most]));
    await database.destroy();
    process.exit();
  `);
}

describe('the clock of a store', () => {
  const limits = { requestsPerMinute: 1, tokensPerDay: 5 };
  const timed = (now: () => number | Promise<number>) =>
    createMeter({
      vocabulary: llm,
      store: { ...createMemoryLimitStore(), now },
      clock: fixedClock('2027-01-31T12:00:00Z'),
    });

  it.each([
    ['at once', () => 60_000],
    ['later', async () => 60_000],
  ])('decides what is counted together, when it answers %s', async (_, now) => {
    const meter = timed(now);
    await using admission = await meter.admit(guestWith(limits));
    expect((await admission.reserve('tokens', 9, 1)).granted).toBe(5);
    await expect(meter.admit(guestWith(limits))).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
    const resets = (await meter.usage(guestWith(limits))).map(({ resetSeconds }) => resetSeconds);
    expect(resets).toEqual([60, 86_340]);
  });

  it.each([
    ['at once', () => Number.NaN],
    ['later', async () => Number.POSITIVE_INFINITY],
  ])('admits no request when what it answers %s is no time', async (_, now) => {
    await expect(timed(now).admit(guestWith(limits))).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });
});

const places = await sqlPlaces();
const postgres = places.filter(({ name }) => !name.includes('SQLite'));

describe.each(postgres)('processes whose clocks jump both ways, on $name', ({ setUp: setUpPlace }) => {
  it.each([1, 20_261_129])('get no more of a budget than one process with a right clock: seed %d', async (seed) => {
    const place = await setUpPlace((database) => createKyselyLimitStore(database));
    try {
      const store = await place.open();
      const limits = { tokensPerDay: 70, tokensPerMonth: 90 };
      const programs = [0, 1, 2].map((number) => jumpingProcess(place.program, seed + number, limits));
      const began = await store.now?.();
      for (const program of programs) expect(await program.nextLine()).toBe('ready');
      for (const program of programs) program.go();
      const used = await Promise.all(programs.map(async (program) => JSON.parse(await program.nextLine())));
      const days = new Set([began, await store.now?.()].map((time) => Math.floor((time ?? 0) / DAY))).size;
      const tokens = used.reduce((sum, [, granted]) => sum + granted, 0);
      expect(tokens).toBe(days === 1 ? 70 : 90);
    } finally {
      await place.dispose();
    }
  });

  it('end no lease of another one, and let no other in', async () => {
    const place = await setUpPlace((database) => createKyselyLimitStore(database));
    try {
      const guest = guestWith({ concurrentRequests: 1 });
      const holding = createMeter({ vocabulary: llm, store: await place.open() });
      const admission = await holding.admit(guest);
      for (const jump of [DAY, -DAY, 40_000, -40_000, 400 * DAY]) {
        const clock = () => new Date(Date.now() + jump);
        const other = createMeter({ vocabulary: llm, store: await place.open(), clock });
        await expect(other.admit(guest)).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
      }
      await admission.release();
      const late = createMeter({
        vocabulary: llm,
        store: await place.open(),
        clock: fixedClock('2000-01-01T00:00:00Z'),
      });
      await (await late.admit(guest)).release();
    } finally {
      await place.dispose();
    }
  });
});

describe.each([
  ['memory', async () => ({ open: async () => createMemoryLimitStore(), dispose: async () => undefined })] as const,
  ...places
    .filter(({ name }) => name.includes('SQLite'))
    .map((place) => [place.name, () => place.setUp((database) => createKyselyLimitStore(database))] as const),
])('the clock of the machine, which counts in %s', (_, setUpPlace) => {
  it('begins the next day when it is set ahead, and finds the day as it was when it is set back', async () => {
    const place = await setUpPlace();
    try {
      const clock = fixedClock('2027-01-15T12:00:00Z');
      const meter = createMeter({ vocabulary: llm, store: await place.open(), clock });
      const left = async () => (await meter.usage(guestWith({ tokensPerDay: 10 })))[0]?.remaining;
      const admission = await meter.admit(guestWith({ tokensPerDay: 10 }));
      await admission.reserve('tokens', 8, 8);
      clock.advance(DAY);
      expect(await left()).toBe(10);
      await admission.reserve('tokens', 3, 3);
      clock.advance(-DAY);
      expect(await left()).toBe(2);
    } finally {
      await place.dispose();
    }
  });

  it('ends leases when it is set ahead, until their holder renews them', async () => {
    const place = await setUpPlace();
    try {
      const clock = fixedClock('2027-01-15T12:00:00Z');
      const store = await place.open();
      const guest = guestWith({ concurrentRequests: 1 });
      const holding = createMeter({ vocabulary: llm, store, clock });
      await holding.admit(guest);
      clock.advance(DAY);
      await expect(holding.admit(guest)).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
      const other = createMeter({ vocabulary: llm, store, clock });
      await expect(other.admit(guest)).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
    } finally {
      await place.dispose();
    }
  });
});
