import type { Principal } from '@latchkey/auth-core';
import { toActor } from '../../audit/audited-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { mayDoEverything } from '../../settings/every-action.ts';
import { settingsChangeSchema } from '../../settings/installation-settings.ts';
import type { LiveSettings } from '../../settings/live-settings.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

export interface SettingsHandlers {
  readonly show: Handler;
  readonly change: Handler;
}

/** `/api/v1/settings`: what an operator decides about the installation while it runs. */
export const createSettingsHandlers = (settings: Pick<LiveSettings, 'fresh' | 'change'>): SettingsHandlers => ({
  show: async () => json(await settings.fresh()),
  change: async ({ body, auth: { principal } }) => {
    const change = validateBody(settingsChangeSchema, body);
    if (change.requireAuthentication === false) requireEveryAction(principal);
    return json(await settings.change(change, toActor(principal)));
  },
});

/**
 * To open the server gives every caller what no token of theirs says, so it is for those to whom nothing is denied: no model,
 * at no time, from nowhere. The policy holds for callers without a token as well.
 */
function requireEveryAction(principal: Principal): void {
  if (mayDoEverything(principal)) return;
  throw new ServerError(
    'PERMISSION_DENIED',
    "Only a token whose grants all allow every action and every model ('*'), in every project and without conditions, may " +
      'switch authentication off: it opens the server to everybody.',
    { param: 'requireAuthentication' },
  );
}
