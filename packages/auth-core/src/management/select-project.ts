import type { Authority } from '../authority/authority.ts';
import type { DeniedDecision } from '../authority/decision.ts';
import { GrantNotCoveredError, InvalidGrantError, PermissionDeniedError } from '../errors.ts';
import { matchesAnyGlob } from '../matching/glob.ts';
import { createSteps, unlessUsedUp } from '../matching/steps.ts';
import type { Principal } from '../principal.ts';
import { readLabel } from './token-input.ts';

/**
 * The principal as it acts for one project. If its token belongs to a project, it must be that one, and every grant
 * must allow it.
 *
 * @throws {AuthError} `AUTH_PERMISSION_DENIED`; `AUTH_INPUT_INVALID` when it is not a valid name of a project
 */
export function selectProject(principal: Principal, asked: string): Principal {
  const project = readLabel(asked, 'project');
  const denial = denyProject(principal, project);
  if (denial !== undefined) throw new PermissionDeniedError(denial);
  return Object.freeze({ ...principal, project });
}

/**
 * The project of a new token: the requested one, or that of its maker. Both the maker and the token's own grant must
 * allow it.
 */
export function projectOfNew(asked: string | undefined, by: Principal, own: Authority): string | undefined {
  const given = asked ?? by.project;
  if (given === undefined) return undefined;
  const project = readLabel(given, 'project');
  const denial = denyProject(by, project);
  if (denial !== undefined) throw new GrantNotCoveredError(`${denial.reason} by ${denial.source}`);
  checkProjectOfGrant(project, own);
  return project;
}

/** Refuses a grant that the token could never use, because it does not list the token's own project. */
export function checkProjectOfGrant(project: string | undefined, own: Authority): void {
  if (project === undefined || findForeign(own, project) < 0) return;
  throw new InvalidGrantError('grant.projects', `must hold ${JSON.stringify(project)}, the project of the token`);
}

/** Denies every other project to a principal that belongs to a project or acts for one. */
export function denyForeignProject(
  { name, project: bound, authority }: Principal,
  project: string | undefined,
): DeniedDecision | undefined {
  if (bound === undefined || project === undefined || bound === project) return undefined;
  const reason = 'the token belongs to another project';
  return { allowed: false, grant: authority.length, source: `token ${name}`, rule: 'projects', reason };
}

/** Denies a principal a project that is not its own, or that one of its grants leaves out. */
export function denyProject(principal: Principal, project: string): DeniedDecision | undefined {
  const foreign = denyForeignProject(principal, project);
  if (foreign !== undefined) return foreign;
  const { authority } = principal;
  const index = findForeign(authority, project);
  const entry = authority[index];
  if (entry === undefined) return undefined;
  return {
    allowed: false,
    grant: index + 1,
    source: entry.source,
    rule: 'projects',
    reason: 'the project is not granted',
  };
}

function findForeign(authority: Authority, project: string): number {
  const steps = createSteps();
  return authority.findIndex(
    ({ grant: { projects } }) =>
      projects !== undefined && !unlessUsedUp(() => matchesAnyGlob(projects, project, steps), false),
  );
}
