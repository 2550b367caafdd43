import { anyHostMatches } from '../matching/host-glob.ts';
import { anyRangeContains, parseIpAddress } from '../matching/ip-address.ts';
import { testPattern } from '../matching/test-pattern.ts';
import { readUrlPlace } from '../matching/url-host.ts';
import {
  type Checks,
  DOCUMENT_CHECKS,
  type EvaluationContext,
  evaluateWith,
  forText,
  holds,
  type Scope,
  type Violation,
} from './evaluate.ts';
import type { ArgumentConstraint, JsonSchema } from './json-schema.ts';

/**
 * Returns how an argument violates its conditions, or undefined when it satisfies them: see `evaluate`.
 *
 * @throws {StepsUsedUp} when it takes too many steps
 */
export function evaluateArgument(
  constraint: ArgumentConstraint | JsonSchema,
  value: unknown,
  context: EvaluationContext = {},
): Violation | undefined {
  return evaluateWith(ARGUMENT_CHECKS, constraint, value, context);
}

const STEPS_A_PATH = 200;
const STEPS_A_CHARACTER_OF_A_PATH = 10;
const STEPS_A_URL = 2000;

function checkPattern(source: string, text: string, { patterns, steps, tested }: Scope): string | undefined {
  if (patterns === undefined) return 'cannot be checked: there is no pattern engine';
  return testPattern(patterns, source, text, { steps, tested });
}

/** All faults of a path have one reason: more detail would reveal files that the caller must not know of. */
function checkWithin(folder: string, path: string, { isWithin, steps }: Scope, schema: JsonSchema): string | undefined {
  if (isWithin === undefined) return 'cannot be checked: there is no path resolver';
  steps.spend(STEPS_A_PATH + STEPS_A_CHARACTER_OF_A_PATH * path.length);
  const isInside = isWithin({ path, folder, hardLinks: schema.hardLinks === true });
  return isInside ? undefined : 'is not a path inside the allowed folder, written in full';
}

function checkHosts(hosts: readonly string[], text: string, { steps }: Scope): string | undefined {
  steps.spend(STEPS_A_URL + 2 * text.length);
  const place = readUrlPlace(text);
  if (place === undefined) return 'is not a plain http or https URL';
  return anyHostMatches(hosts, place, steps) ? undefined : 'leads to a host or port that is not allowed';
}

function checkCidr(ranges: readonly string[], text: string, { steps }: Scope): string | undefined {
  steps.spend(STEPS_A_URL + 2 * text.length);
  const host = readUrlPlace(text)?.host.replace(/^\[(.*)\]$/, '$1');
  const address = parseIpAddress(host ?? text);
  if (address === undefined) return 'is not an IP address or a URL with one';
  return anyRangeContains(ranges, address, steps) ? undefined : 'outside the allowed addresses';
}

const ARGUMENT_CHECKS: Checks = {
  ...DOCUMENT_CHECKS,
  pattern: forText(checkPattern),
  within: forText(checkWithin),
  hardLinks: holds,
  hosts: forText(checkHosts),
  cidr: forText(checkCidr),
};
