import type { PatternEngine, PatternTest } from './pattern-engine.ts';
import { MAXIMUM_PATTERN_COST, MAXIMUM_PATTERN_SIZE, patternCost } from './pattern-size.ts';
import type { Steps } from './steps.ts';

/** A compiled pattern, or the reason why it cannot be compiled. */
type Ready = { readonly test: PatternTest; readonly size: number } | { readonly problem: string };

/** The most recently used patterns of each engine, the oldest first. */
const kept = new WeakMap<PatternEngine, Map<string, Ready>>();
const MOST_KEPT = 256;

const STEPS_A_LOOK = 100;
/** The steps of a linear engine for one instruction and one character: sixty nanoseconds. */
const STEPS_AN_INSTRUCTION = 16;

/** The tested texts, with their results, by the source of the pattern. */
export type TestedTexts = Map<string, Map<string, string | undefined>>;

/** Why a text does not satisfy a pattern, or undefined when it does. Each pattern is compiled once. */
export function testPattern(
  engine: PatternEngine,
  source: string,
  text: string,
  { steps, tested = new Map() }: { readonly steps: Steps; readonly tested?: TestedTexts | undefined },
): string | undefined {
  steps.spend(STEPS_A_LOOK);
  const texts = tested.get(source) ?? new Map<string, string | undefined>();
  tested.set(source, texts);
  if (!texts.has(text)) texts.set(text, test(engine, source, text, steps));
  return texts.get(text);
}

function test(engine: PatternEngine, source: string, text: string, steps: Steps): string | undefined {
  const ready = makeReady(engine, source, steps);
  if ('problem' in ready) return ready.problem;
  steps.spend(ready.size * (text.length + 1) * STEPS_AN_INSTRUCTION);
  try {
    return ready.test(text) ? undefined : 'does not match the pattern';
  } catch {
    return 'cannot be checked: the pattern failed';
  }
}

function makeReady(engine: PatternEngine, source: string, steps: Steps): Ready {
  steps.spend(STEPS_A_LOOK);
  const patterns = kept.get(engine) ?? new Map<string, Ready>();
  kept.set(engine, patterns);
  const known = patterns.get(source);
  const ready = known ?? compile(engine, source, steps);
  patterns.delete(source);
  patterns.set(source, ready);
  for (const oldest of patterns.keys()) {
    if (patterns.size <= MOST_KEPT) break;
    patterns.delete(oldest);
  }
  return ready;
}

function compile(engine: PatternEngine, source: string, steps: Steps): Ready {
  steps.spend(source.length * STEPS_A_LOOK);
  const { size, compiling } = patternCost(source);
  if (isTooLarge({ size, compiling })) return { problem: 'cannot be checked: the pattern is too large' };
  steps.spend(compiling);
  try {
    const test = engine.compile(source);
    return { test, size: test.size ?? size };
  } catch {
    return { problem: 'cannot be checked: the pattern does not compile' };
  }
}

/** Whether a pattern exceeds the limits for a grant. */
export const isTooLarge = ({ size, compiling }: ReturnType<typeof patternCost>): boolean =>
  size > MAXIMUM_PATTERN_SIZE || compiling > MAXIMUM_PATTERN_COST;
