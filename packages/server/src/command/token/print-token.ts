import type { TokenInfo, TokenKind } from '@latchkey/auth-core';
import { describeGrant } from '../describe-grant.ts';
import { print, remark, style } from '../print.ts';
import type { NewToken, SeenToken, Warned } from './token-administration.ts';

/**
 * Prints only the token on standard output, for scripts; its details go to standard error. The text of a custom key,
 * which was typed without echo, is not printed.
 */
export function printNewToken({ token, name, id, kind, expiresAt, overlapEndsAt }: NewToken, what: string): void {
  if (kind !== 'custom') print(token);
  const until = expiresAt === undefined ? '' : `, until ${expiresAt}`;
  remark(`${what} '${name}' (${id}, ${kind})${until}. ${KEEP[kind]}${describeOverlap(overlapEndsAt)}`);
}

const SHOWN_ONCE = 'Keep it now: it is not shown again.';
const KEEP: Readonly<Record<TokenKind, string>> = {
  'api-key': SHOWN_ONCE,
  'personal-access': SHOWN_ONCE,
  access: SHOWN_ONCE,
  attenuated: SHOWN_ONCE,
  custom: 'It is the text that you gave.',
  legacy: 'Its owner can see it again.',
  'place-bound': `${SHOWN_ONCE} The address of its client is that of the server with /t/ and this text, e.g. http://127.0.0.1:1234/t/TEXT/v1.`,
};

function describeOverlap(endsAt: string | undefined): string {
  if (endsAt === undefined) return '';
  return ` The one before works until ${endsAt === 'first-use' ? 'this one is first used' : endsAt}.`;
}

/** Prints the details of a token for people. */
export function printTokenInfo(info: SeenToken): void {
  const lines: readonly (readonly [label: string, text: string | undefined])[] = [
    ['kind', info.kind],
    ['token', info.token],
    ['owner', info.owner],
    ['project', info.project],
    ['from', info.parentId],
    ['created', `${info.createdAt} by ${info.createdBy}`],
    ['expires', info.expiresAt ?? 'never'],
    ['revoked', info.revokedAt],
    ['used', info.lastUsedAt ?? 'never'],
    ['rotated', info.rotatedAt],
    ['overlap', info.overlapEndsAt === 'first-use' ? 'until the new secret is first used' : info.overlapEndsAt],
    ['rotate', `${info.rotateAfter}${info.rotationDue ? style('yellow', '  due') : ''}`],
    ...(info.notes?.split(/\r?\n/) ?? []).map((line, index) => [index === 0 ? 'notes' : '', line] as const),
  ];
  print(`${style('bold', info.name)}  ${info.id}  ${styledState(info)}`);
  for (const [label, text] of lines) if (text !== undefined) print(`${label.padEnd(9)}${text}`);
  for (const entry of [...(info.caveats ?? []), { source: 'grant', grant: info.grant }]) {
    print(style('bold', entry.source));
    for (const line of describeGrant({ ...entry.grant })) print(`  ${line}`);
  }
}

/** Formats the state of a token, in colour when it needs attention. */
export function styledState({ revokedAt, expiresAt }: TokenInfo): string {
  if (revokedAt !== undefined) return style('red', 'revoked');
  return expiresAt !== undefined && Date.parse(expiresAt) <= Date.now() ? style('red', 'expired') : 'valid';
}

/** Warns of parts of a new grant that are most likely mistakes. */
export function warnOfGrant({ warnings = [] }: Warned): void {
  for (const { path, message } of warnings) remark(`warning: ${path}: ${message}`);
}
