import { toActor } from '../../audit/audited-request.ts';
import { validateBody } from '../../dialects/validate-body.ts';
import { settingsChangeSchema } from '../../settings/installation-settings.ts';
import type { LiveSettings } from '../../settings/live-settings.ts';
import { readJson } from '../read-json.ts';
import type { Handler } from '../routes.ts';

export interface SettingsHandlers {
  readonly show: Handler;
  readonly change: Handler;
}

/** `/api/v1/settings`: what an operator decides about the installation while it runs. */
export const createSettingsHandlers = (
  settings: Pick<LiveSettings, 'fresh' | 'change'>,
  bodyLimit: number,
): SettingsHandlers => ({
  show: async (ctx) => {
    ctx.body = await settings.fresh();
  },
  change: async (ctx) => {
    const change = validateBody(settingsChangeSchema, await readJson(ctx, bodyLimit));
    ctx.body = await settings.change(change, toActor(ctx.state.auth.principal));
  },
});
