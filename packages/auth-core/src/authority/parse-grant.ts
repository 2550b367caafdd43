import { InvalidGrantError } from '../errors.ts';
import { parseIpRange } from '../matching/ip-address.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import { copyJson } from '../schema/copy-json.ts';
import { evaluate } from '../schema/evaluate.ts';
import { type Grant, type ParseGrantOptions, ruleOf } from './grant.ts';
import { printPath } from './print-path.ts';
import type { AnyResourceKind, ConditionCheck, RuleCheck, RulePath } from './resource-kind.ts';
import type { VocabularyParts } from './vocabulary.ts';

const CAPS = { what: 'a grant', depth: 24, values: 2000, text: 1024, key: 256 };

/** Further bounds of a new grant: UTF-16 units in total, globs in a list, stars in a glob. */
interface Bounds {
  readonly units: number;
  readonly globs: number;
  readonly stars: number;
  /** Whether every pattern must compile. */
  readonly patterns: boolean;
}

const BOUNDS: Bounds = { units: 65_536, globs: 500, stars: 8, patterns: true };
/** Grants from before the bounds existed are accepted. If they take too many steps, decisions deny. */
const STORED: Bounds = { units: Infinity, globs: Infinity, stars: Infinity, patterns: false };

/** The most steps that compiling all patterns of a grant may take: a tenth of a second. Most need a few thousand. */
const PATTERN_STEPS = 100_000_000;

type Path = RulePath;

/** Reads a grant strictly: see `Vocabulary.parseGrant`. */
export function parseGrant(vocabulary: VocabularyParts, value: unknown, options: ParseGrantOptions = {}): Grant {
  return readGrant(vocabulary, value, options, BOUNDS);
}

/**
 * Reads a grant that was accepted before: one in a token or in a store.
 *
 * @throws {AuthError} `AUTH_GRANT_INVALID`
 */
export function parseAcceptedGrant(vocabulary: VocabularyParts, value: unknown): Grant {
  return readGrant(vocabulary, value, {}, STORED);
}

function readGrant(vocabulary: VocabularyParts, value: unknown, options: ParseGrantOptions, bounds: Bounds): Grant {
  const start: Path = options.at === undefined ? [] : [options.at];
  const copy = copyJson(value, start, { ...CAPS, units: bounds.units }, refuse);
  const violation = evaluate(vocabulary.grantSchema, copy);
  if (violation !== undefined) {
    const known = violation.expected?.length ? `; known are: ${violation.expected.map(String).join(', ')}` : '';
    refuse([...start, ...violation.path], `${violation.message}${known}`);
  }
  // The schema check above ensures that it is one.
  const { $schema: _, ...document } = copy as Grant & { readonly $schema?: string };
  const grant: Grant = Object.freeze(normalProjects(document));
  checkMeaning(vocabulary, grant, start, { ...bounds, engine: options.patterns, left: { steps: PATTERN_STEPS } });
  return grant;
}

/** Projects have names in Unicode NFC: of the encodings of a name that look alike, all are the same. */
function normalProjects(document: Grant): Grant {
  const { projects } = document;
  if (projects === undefined) return document;
  return { ...document, projects: Object.freeze(projects.map((glob) => glob.normalize('NFC'))) };
}

function refuse(path: Path, problem: string): never {
  throw new InvalidGrantError(printPath(path), problem);
}

interface Meaning extends Bounds {
  readonly engine: PatternEngine | undefined;
  /** The steps that are left for patterns. */
  readonly left: { steps: number };
}

/** Checks that a schema cannot express: valid ranges, hosts in the form in which they are compared, valid patterns. */
function checkMeaning({ resources }: VocabularyParts, grant: Grant, start: Path, meaning: Meaning): void {
  checkRanges(grant.networks, [...start, 'networks']);
  checkGlobs(grant.projects, [...start, 'projects'], meaning);
  for (const [name, kind] of Object.entries(resources)) {
    const rule = ruleOf(grant, name);
    if (rule !== undefined) kind.check?.(rule, createRuleCheck(kind, [...start, name], meaning));
  }
}

function createRuleCheck({ conditions }: AnyResourceKind, start: Path, meaning: Meaning): RuleCheck {
  const check: ConditionCheck = {
    refuse: (path, problem) => refuse([...start, ...path], problem),
    globs: (globs, path) => checkGlobs(globs, [...start, ...path], meaning),
    hosts: (hosts, path) => checkHosts(hosts, [...start, ...path], meaning),
    ranges: (ranges, path) => checkRanges(ranges, [...start, ...path]),
    patterns: { engine: meaning.engine, bounded: meaning.patterns, left: meaning.left },
  };
  return {
    ...check,
    constraint(constraint, path) {
      if (conditions === undefined) throw new TypeError(`the kind of ${start.at(-1)} must have 'conditions'`);
      conditions.check(constraint, path, check);
    },
  };
}

function checkGlobs(globs: readonly string[] = [], path: Path, { globs: most, stars }: Bounds): void {
  if (globs.length > most) refuse(path, `has more than ${most} entries; use globs such as ibm/*`);
  const wrong = globs.findIndex((glob) => glob.split('*').length - 1 > stars);
  if (wrong >= 0) refuse([...path, wrong], `has more than ${stars} stars`);
}

function checkRanges(ranges: readonly string[] = [], path: Path): void {
  const wrong = ranges.findIndex((range) => parseIpRange(range) === undefined);
  if (wrong >= 0) refuse([...path, wrong], 'is not an address or a range such as 10.0.0.0/8 or fd00::/8');
}

function checkHosts(hosts: readonly string[] = [], path: Path, bounds: Bounds): void {
  checkGlobs(hosts, path, bounds);
  const wrong = hosts.findIndex((host) => host !== host.toLowerCase());
  if (wrong >= 0) refuse([...path, wrong], 'must be written in lower case, as host names are compared');
}
