import type { Auth, TokenInfo } from '@latchkey/auth-core/llm';
import type { Notify } from '../contracts/webhook-event.ts';

const DAY_MILLISECONDS = 86_400_000;
/** When operators are notified of a token: this long before its end, or in the last tenth of a shorter life. */
const NOTICE_MILLISECONDS = 7 * DAY_MILLISECONDS;
const SHARE = 10;
const PAGE = 1000;

/** Notifies operators of the tokens that expire soon, each once for each end that it has. */
export async function noticeExpiring(auth: Pick<Auth, 'list' | 'operator'>, notify: Notify, now: Date): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = await auth.list(auth.operator(), { limit: PAGE, ...(after !== undefined && { after }) });
    for (const token of page) if (isExpiring(token, now)) notify(toEvent(token));
    if (page.length < PAGE) return;
    after = page.at(-1)?.id;
  }
}

function isExpiring({ expiresAt, createdAt, revokedAt }: TokenInfo, now: Date): boolean {
  if (expiresAt === undefined || revokedAt !== undefined) return false;
  const end = Date.parse(expiresAt);
  const left = end - now.getTime();
  return left > 0 && left <= Math.min(NOTICE_MILLISECONDS, (end - Date.parse(createdAt)) / SHARE);
}

const toEvent = ({ id, name, owner, project, expiresAt }: TokenInfo) => ({
  type: 'token.expiring' as const,
  key: `${id}\n${expiresAt}`,
  owner,
  data: { token: { id, name }, owner, project: project ?? null, expiresAt },
});
