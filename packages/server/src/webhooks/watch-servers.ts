import type { McpHost } from '@latchkey/mcp-bridge';
import type { Notify } from '../contracts/webhook-event.ts';

/** How long looking at the tools of one server may take. */
const REVIEW_MILLISECONDS = 5000;

/** Notices what becomes of the MCP servers between two looks. */
export interface ServerLookout {
  look(now: Date): Promise<void>;
}

/**
 * Notifies operators of MCP servers that do not start or have failed, once until they run again, and of tools whose
 * definition is another one than was approved.
 */
export function createServerLookout(host: Pick<McpHost, 'servers' | 'review'>, notify: Notify): ServerLookout {
  const unhealthy = new Set<string>();

  function judge(now: Date): void {
    for (const { id, label, state, error } of host.servers()) {
      if (state === 'ready') unhealthy.delete(id);
      // A server that failed may be tried again at its next use, and counts as stopped until then.
      if (error === undefined || state === 'ready' || state === 'starting' || unhealthy.has(id)) continue;
      unhealthy.add(id);
      const since = now.toISOString();
      notify({
        type: 'server.unhealthy',
        key: `${id}\n${since}`,
        data: { server: id, label, state, error, since },
      });
    }
  }

  async function review(): Promise<void> {
    for (const { id, label, state } of host.servers()) {
      if (state !== 'ready') continue;
      const signal = AbortSignal.timeout(REVIEW_MILLISECONDS);
      const tools = await host.review(id, { start: false, signal }).catch(() => undefined);
      for (const { name: tool, state: pinned, held, fingerprint, flags } of tools ?? []) {
        if (pinned !== 'changed' || !held) continue;
        notify({
          type: 'definition.changed',
          key: `${id}\n${tool}\n${fingerprint}`,
          data: { server: id, label, tool, fingerprint, flags },
        });
      }
    }
  }

  return {
    async look(now) {
      judge(now);
      await review();
    },
  };
}
