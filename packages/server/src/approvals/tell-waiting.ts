import type { Notify } from '../contracts/webhook-event.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';

/** A store of approvals that notifies operators of each call that begins to wait. Its arguments are not sent. */
export const tellWaiting = (store: ApprovalStore, notify: Notify): ApprovalStore => ({
  ...store,
  add: async (approval, options) => {
    const added = await store.add(approval, options);
    if (!added) return false;
    const { id, token, server, tool, project, requestedAt, expiresAt } = approval;
    notify({
      type: 'approval.waiting',
      key: id,
      owner: token.owner,
      data: { approval: id, server, tool, token, project, requestedAt, expiresAt },
    });
    return true;
  },
});
