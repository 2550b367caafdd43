import { createAddressPolicy, createPinnedFetch, pinAddresses, resolveBySystem } from '@latchkey/mcp-bridge';
import { VERSION } from '../config/version.ts';
import type { SendMessage } from './webhook-queue.ts';

/**
 * Sends messages to public addresses, and to those that the operator has listed. The name is resolved for each message,
 * and the connection goes to the address that was checked. Redirects are not followed, and answers are not read.
 */
export function sendChecked(privateHosts: readonly string[]): SendMessage {
  const allows = createAddressPolicy(privateHosts);
  return async (url, { body, headers, signal }) => {
    using checked = createPinnedFetch(pinAddresses(new URL(url), allows, resolveBySystem));
    const { status, body: answer } = await checked.fetch(url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': `latchkey/${VERSION}` },
      body,
      signal,
      redirect: 'manual',
    });
    await answer?.cancel();
    return status;
  };
}
