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

/** `/api/v1/settings`: the settings that an operator can change while the server runs. */
export const createSettingsHandlers = (settings: Pick<LiveSettings, 'fresh' | 'change'>): SettingsHandlers => ({
  show: async () => json(await settings.fresh()),
  change: async ({ body, auth: { principal } }) => {
    const change = validateBody(settingsChangeSchema, body);
    if (change.requireAuthentication === false) requireEveryAction(principal);
    return json(await settings.change(change, toActor(principal)));
  },
});

/**
 * Switching authentication off gives every caller access that its token may not grant, so it requires a token to which
 * nothing is denied: no model, time or address. The policy still applies to callers without a token.
 */
function requireEveryAction(principal: Principal): void {
  if (mayDoEverything(principal)) return;
  throw new ServerError(
    'PERMISSION_DENIED',
    "Only a token whose grants all allow every action and every model ('*'), in every project and without conditions, may " +
      'switch authentication off: it opens the server to every caller.',
    { param: 'requireAuthentication' },
  );
}
