import type { Grant, TokenInfo } from '@latchkey/auth-core/llm';
import type { FindingKind, FoundToken, TokenFinding } from './finding.ts';
import { allowedTools, narrowedTo } from './narrow-grant.ts';
import type { NamedTool, ToolUses } from './tool-uses.ts';

export const DAY_MILLISECONDS = 86_400_000;
/** After so many days without use a token is idle; calls of tools are looked at for as long. */
export const IDLE_DAYS = 90;
const SOON_DAYS = 7;
/** A new token is not "never used" for a day. */
const NEW_DAYS = 1;

export interface ReviewedTokens {
  readonly tokens: readonly TokenInfo[];
  readonly now: Date;
  /** Undefined when the caller may not know which tools were called, or when there are too many calls. */
  readonly uses: ToolUses | undefined;
  /** The tools of the installation, as far as their servers have listed them. */
  readonly tools: readonly NamedTool[];
}

/** Looks at each token that works for what its operator should know. This is the only place with the rules. */
export function reviewTokens({ tokens, now, uses, tools }: ReviewedTokens): readonly TokenFinding[] {
  const known = new Map(tokens.map((token) => [token.id, token]));
  return tokens.flatMap((token): readonly TokenFinding[] => {
    const chain = [token, ...parentsOf(token, known)];
    if (chain.some((one) => hasEnded(one, now))) return [];
    const found = (kind: FindingKind, message: string): TokenFinding => ({ kind, token: describe(token), message });
    return [...reviewTimes(token, chain, now, found), ...reviewTools(token, { now, uses, tools }, found)];
  });
}

type Found = (kind: FindingKind, message: string) => TokenFinding;

function reviewTimes(token: TokenInfo, chain: readonly TokenInfo[], now: Date, found: Found): readonly TokenFinding[] {
  const { lastUsedAt, createdAt } = token;
  const daysSince = (time: string): number => (now.getTime() - Date.parse(time)) / DAY_MILLISECONDS;
  const ends = chain.flatMap(endsOf).toSorted();
  const [end] = ends;
  const findings: TokenFinding[] = [];
  if (end !== undefined && -daysSince(end) <= SOON_DAYS) {
    findings.push(found('expires-soon', `It expires at ${end}. Give it a later end if it is still needed.`));
  }
  if (lastUsedAt === undefined && daysSince(createdAt) >= NEW_DAYS) {
    findings.push(
      found('never-used', `It was made on ${day(createdAt)} and never used. Revoke it if it is not needed.`),
    );
  }
  if (lastUsedAt !== undefined && daysSince(lastUsedAt) >= IDLE_DAYS) {
    findings.push(found('idle', `It was last used on ${day(lastUsedAt)}. Revoke it if it is not needed.`));
  }
  if (end === undefined) findings.push(found('no-expiry', 'It never expires. Give it an end.'));
  if (!chain.some(({ grant }) => hasLimits(grant))) {
    findings.push(found('no-limits', 'It has no limits. Give it limits, so that it cannot take everything.'));
  }
  return findings;
}

function reviewTools(
  { id, grant }: TokenInfo,
  { now, uses, tools }: Omit<ReviewedTokens, 'tokens'>,
  found: Found,
): readonly TokenFinding[] {
  const used = uses?.usedBy(id) ?? [];
  // A token that has called no tool is not judged by its tools: it may be new, or for chats only.
  if (uses === undefined || used.length === 0) return [];
  const stillAllowed = allowedTools(grant, used, now);
  const allowed = distinct([...allowedTools(grant, tools, now), ...stillAllowed]);
  if (allowed.length <= stillAllowed.length) return [];
  const counts = { used: stillAllowed.length, allowed: allowed.length };
  const message = `It used ${counts.used} of ${counts.allowed} tools since ${day(uses.since)}. Narrow its grant to those.`;
  return [{ ...found('wider-than-used', message), tools: counts }];
}

/** The grant of a token with only those tools that it has called; undefined when that says nothing less. */
export function narrowedGrant({ id, grant }: TokenInfo, uses: ToolUses, now: Date): Grant | undefined {
  const used = allowedTools(grant, uses.usedBy(id) ?? [], now);
  return used.length === 0 ? undefined : narrowedTo(grant, used);
}

const distinct = (tools: readonly NamedTool[]): readonly NamedTool[] => [
  ...new Map(tools.map((tool) => [`${tool.server} ${tool.name}`, tool])).values(),
];

const day = (time: string): string => time.slice(0, 10);

const endsOf = ({ expiresAt, grant }: TokenInfo): readonly string[] =>
  [expiresAt, grant.expiresAt].flatMap((time) => (time === undefined ? [] : [new Date(time).toISOString()]));

const hasEnded = (token: TokenInfo, now: Date): boolean =>
  token.revokedAt !== undefined || endsOf(token).some((end) => Date.parse(end) <= now.getTime());

/** The weight is a share of the queue, and limits nothing. */
const hasLimits = ({ limits = {} }: Grant): boolean => Object.keys(limits).some((name) => name !== 'weight');

function parentsOf({ parentId }: TokenInfo, known: ReadonlyMap<string, TokenInfo>): readonly TokenInfo[] {
  const parents: TokenInfo[] = [];
  for (
    let at = known.get(parentId ?? '');
    at !== undefined && !parents.includes(at);
    at = known.get(at.parentId ?? '')
  ) {
    parents.push(at);
  }
  return parents;
}

const describe = ({ id, name, owner, project }: TokenInfo): FoundToken => ({
  id,
  name,
  owner,
  project: project ?? null,
});
