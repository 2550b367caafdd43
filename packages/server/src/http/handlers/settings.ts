import { toActor } from '../../audit/audited-request.ts';
import { validateBody } from '../../dialects/validate-body.ts';
import { settingsChangeSchema } from '../../settings/installation-settings.ts';
import type { LiveSettings } from '../../settings/live-settings.ts';
import type { Handler } from '../route.ts';

export interface SettingsHandlers {
  readonly show: Handler;
  readonly change: Handler;
}

/** `/api/v1/settings`: what an operator decides about the installation while it runs. */
export const createSettingsHandlers = (settings: Pick<LiveSettings, 'fresh' | 'change'>): SettingsHandlers => ({
  show: async (ctx) => {
    ctx.body = await settings.fresh();
  },
  change: async (ctx) => {
    const change = validateBody(settingsChangeSchema, ctx.state.body);
    ctx.body = await settings.change(change, toActor(ctx.state.auth.principal));
  },
});
