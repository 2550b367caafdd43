import { type AuthorityEntry, describeDenial } from '@latchkey/auth-core';
import { type AccessRequest, type AllowedDecision, type Decision, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { dictionary } from '../../input/bounded.ts';
import type { FindArgumentNames } from '../../tools/argument-names.ts';
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
 * may name arguments that no grant names.
 */
export const createCanHandler =
  (resolveModel: (name: string) => string, findArgumentNames: FindArgumentNames): Handler =>
  async ({ body, auth, signal }) => {
    const { action, model, tool, project, grant } = validateBody(questionSchema, body);
    const entries = grant === undefined ? [] : [entryOf(grant)];
    const decide = (request: AccessRequest): Decision => auth.decide(request, entries);
    const ask = (argumentNames?: readonly string[]): Decision =>
      decide({
        action,
        ...(model === undefined ? {} : { models: resolveModel(model) }),
        ...(tool === undefined ? {} : { mcp: withoutAbsent({ ...tool, argumentNames }) }),
        ...(project === undefined ? {} : { project }),
      });
    let decision = ask();
    if (!decision.allowed && decision.rule === 'arguments' && tool?.name !== undefined) {
      const { server, name: toolName } = tool;
      decision = ask(await findArgumentNames({ server, name: toolName }, { decide, signal }));
    }
    return json(decision.allowed ? renderAllowed(decision) : { ...decision, message: describeDenial(decision) });
  };

/** It only narrows what the caller may do, so that every caller may ask; as an added one it has no file looked up. */
const entryOf = (grant: unknown): AuthorityEntry => ({
  source: 'the grant of this question',
  grant: llm.parseGrant(grant, { patterns: re2jsPatterns }),
  added: true,
});

const renderAllowed = ({ allowed, approval, instead, limits }: AllowedDecision) => ({
  allowed,
  approval,
  ...(instead?.mcp?.arguments !== undefined && { arguments: instead.mcp.arguments }),
  ...limits,
});
