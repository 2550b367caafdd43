import { ACTIONS, describeDenial } from '@latchkey/auth-core';
import { z } from 'zod';
import { validateBody } from '../../dialects/validate-body.ts';
import { dictionary } from '../../input/bounded.ts';
import type { Handler } from '../route.ts';

const name = z.string().min(1).max(256);

/** A request to be decided and not done. */
const questionSchema = z.strictObject({
  action: z.enum(ACTIONS),
  model: name.optional(),
  tool: z
    .strictObject({
      server: name,
      name: name.optional(),
      arguments: dictionary(z.unknown(), 4096).optional(),
    })
    .optional(),
  project: name.optional(),
});

/**
 * `POST /api/v1/can`: whether the caller might do something, and if not, which grant says so and why. Nothing is
 * looked up: what a token may do does not depend on what there is.
 */
export const createCanHandler =
  (resolveModel: (name: string) => string): Handler =>
  async (ctx) => {
    const { action, model, tool, project } = validateBody(questionSchema, ctx.state.body);
    const decision = ctx.state.auth.decide({
      action,
      ...(model === undefined ? {} : { model: resolveModel(model) }),
      ...(tool === undefined ? {} : { tool: withoutAbsent(tool) }),
      ...(project === undefined ? {} : { project }),
    });
    ctx.body = decision.allowed ? decision : { ...decision, message: describeDenial(decision) };
  };

type Tool = NonNullable<z.output<typeof questionSchema>['tool']>;

const withoutAbsent = ({ server, name: toolName, arguments: args }: Tool) => ({
  server,
  ...(toolName === undefined ? {} : { name: toolName }),
  ...(args === undefined ? {} : { arguments: args }),
});
