import { UNCOUNTED } from '../matching/steps.ts';
import { isJsonObject, jsonEqual } from '../schema/json-value.ts';

/** A place for what a store keeps, which starts empty. */
export interface StoreSetup<Store> {
  /** Opens the place; each call is, where there are such things, another connection to the same place. */
  open(): Promise<Store>;
  /** Removes the place, and closes all that was opened. */
  dispose(): Promise<void>;
}

/** One requirement on a store. `run` rejects when the store does not meet it. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What a case does with a store and, where it needs another connection, with its place. */
export type ContractCheck<Store> = (store: Store, setup: StoreSetup<Store>) => Promise<void>;

/** What is known of a place before it is set up. */
export interface ContractOptions {
  /** Whether what it keeps outlives the connection that wrote it; adds the cases on that. */
  readonly durable?: boolean;
}

/** Makes cases of checks, each of which gets a place of its own. */
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
