import { type AuthorityEntry, describeDenial, TOOL_EFFECTS, type ToolRequest } from '@latchkey/auth-core';
import { type AccessRequest, type AllowedDecision, type Decision, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { dictionary } from '../../input/bounded.ts';
import type { FindDefinition } from '../../tools/find-definition.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

const name = z.string().min(1).max(256);

/** A request to be decided without being carried out. */
const questionSchema = z.strictObject({
  action: z.enum(llm.actions),
  model: name.optional(),
  tool: z
    .strictObject({
      server: name,
      name: name.optional(),
      arguments: dictionary(z.unknown(), 4096).optional(),
    })
    .optional(),
  project: name.optional(),
  /** Decides as if a token of the caller with this grant asked; auth-core parses it. */
  grant: dictionary(z.unknown(), 4096).optional(),
});

/**
 * `POST /api/v1/can`: whether the caller may do something, and if not, which grant denies it and why. Whether the named
 * things exist is not checked. With `grant` it is a dry run: what a token with that grant could do, made by the caller. Only the definition of a tool is looked up, and only where it affects the decision: it
 * may name arguments that no grant names, and says of which class the tool is.
 */
export const createCanHandler =
  (resolveModel: (name: string) => string, findDefinition: FindDefinition): Handler =>
  async ({ body, auth, signal }) => {
    const { action, model, tool, project, grant } = validateBody(questionSchema, body);
    const entries = grant === undefined ? [] : [entryOf(grant)];
    const decide = (request: AccessRequest): Decision => auth.decide(request, entries);
    const ask = (definition: Pick<ToolRequest, 'argumentNames' | 'effect'> = {}): Decision =>
      decide({
        action,
        ...(model === undefined ? {} : { models: resolveModel(model) }),
        ...(tool === undefined ? {} : { mcp: { ...withoutAbsent(tool), ...definition } }),
        ...(project === undefined ? {} : { project }),
      });
    let decision = ask();
    const needsNames = !decision.allowed && decision.rule === 'arguments';
    if (tool?.name !== undefined && (needsNames || dependsOnEffect(ask))) {
      const { server, name: toolName } = tool;
      const found = await findDefinition({ server, name: toolName }, { decide, signal });
      decision = ask(found && { argumentNames: found.argumentNames, effect: found.effect });
    }
    return json(decision.allowed ? renderAllowed(decision) : { ...decision, message: describeDenial(decision) });
  };

/** Whether the answer is another one for another class of tools. */
const dependsOnEffect = (ask: (definition: Pick<ToolRequest, 'effect'>) => Decision): boolean =>
  new Set(TOOL_EFFECTS.map((effect) => JSON.stringify(ask({ effect })))).size > 1;

/** It only narrows what the caller may do, so that every caller may ask; as an added one it has no file looked up. */
const entryOf = (grant: unknown): AuthorityEntry => ({
  source: 'the grant of this question',
  grant: llm.parseGrant(grant, { patterns: re2jsPatterns }),
  added: true,
});

const renderAllowed = ({ allowed, approval, instead, limits, uses }: AllowedDecision) => ({
  allowed,
  approval,
  ...(instead?.mcp?.arguments !== undefined && { arguments: instead.mcp.arguments }),
  ...limits,
  ...(uses && { calls: uses.map(({ id: _, window: __, ...use }) => use) }),
});
