import { UNCOUNTED } from '../matching/steps.ts';
import { isJsonObject, jsonEqual } from '../schema/json-value.ts';

/** A place for the data of a store, which starts empty. */
export interface StoreSetup<Store> {
  /** Opens the place. If it has connections, each call opens another one to the same place. */
  open(): Promise<Store>;
  /** Removes the place, and closes everything that was opened. */
  dispose(): Promise<void>;
}

/** One requirement on a store. `run` rejects when the store does not meet it. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The check of a case, with a store and, when it needs another connection, its place. */
export type ContractCheck<Store> = (store: Store, setup: StoreSetup<Store>) => Promise<void>;

/** The properties of a place that are known before it is set up. */
export interface ContractOptions {
  /** Whether its data outlives the connection that wrote it; adds the cases for that. */
  readonly durable?: boolean;
}

/** Makes cases from checks; each gets its own place. */
export function createCases<Store>(
  checks: Readonly<Record<string, ContractCheck<Store>>>,
  setUp: () => Promise<StoreSetup<Store>>,
): readonly ContractCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      const setup = await setUp();
      try {
        await check(await setup.open(), setup);
      } finally {
        await setup.dispose();
      }
    },
  }));
}

/** Compares JSON values, or undefined. */
export function assertEqual(actual: unknown, expected: unknown): void {
  // An absent key is not a key that holds undefined or null: jsonEqual counts keys.
  if (jsonEqual(toPlain(actual), toPlain(expected), UNCOUNTED)) return;
  throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

function toPlain(value: unknown): unknown {
  if (isJsonObject(value) && Object.values(value).includes(undefined)) throw new Error('a key holds undefined');
  return value;
}

/** Expects that a call fails, at once or later. */
export async function assertRejects(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    return;
  }
  throw new Error('expected a rejection');
}

/** Waits until a condition holds, and gives up after a number of milliseconds. */
export async function within<Result>(milliseconds: number, happening: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it has not happened within ${milliseconds} ms`)), milliseconds);
  return Promise.race([happening, late]).finally(() => clearTimeout(timer));
}
