import type { Approval } from '@latchkey/client';
import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { strings } from '../strings.ts';

/** Whether the browser can show notifications and has not been asked yet. It cannot on a page that came without TLS. */
export const canAskToNotify = (): boolean => 'Notification' in globalThis && Notification.permission === 'default';

/** Shows a notification of a call that waits, if that is allowed and the page cannot be seen. It has no arguments. */
export function notifyOf({ id, server, tool, token }: Approval): void {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted' || !document.hidden) return;
  const shown = new Notification(strings.approvals.notification, {
    body: visibleLine(`${server} ${tool}, ${token.name}`),
    tag: id,
  });
  shown.onclick = () => window.focus();
}
