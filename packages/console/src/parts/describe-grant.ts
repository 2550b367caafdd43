import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { limitsOf, textsOf, toolRows } from '../api/grant-fields.ts';
import type { Grant } from '../api/tokens.ts';
import { strings } from '../strings.ts';

const words = strings.grant;
const list = new Intl.ListFormat('en', { type: 'conjunction' });

/** What a grant allows, as sentences. */
export function describeGrant(grant: Grant): readonly string[] {
  const [actions, models] = [textsOf(grant.actions), textsOf(grant.models)];
  const [networks, projects] = [textsOf(grant.networks), textsOf(grant.projects)];
  const limits = Object.entries(limitsOf(grant)).map(([name, value]) => `${limitLabel(name)} ${String(value)}`);
  const { notBefore, expiresAt } = grant;
  return [
    actions.length === 0
      ? words.noActions
      : actions.includes('*')
        ? words.everyAction
        : words.actions(list.format(actions)),
    models.length === 0 ? words.noModels : models.includes('*') ? words.everyModel : words.models(list.format(models)),
    ...describeTools(grant),
    ...(grant.ephemeralMcp === undefined ? [] : [words.ephemeral]),
    ...(networks.length === 0 ? [] : [words.networks(list.format(networks))]),
    ...(projects.length === 0 ? [] : [words.projects(list.format(projects))]),
    ...(typeof notBefore === 'string' ? [words.notBefore(notBefore)] : []),
    ...(typeof expiresAt === 'string' ? [words.until(expiresAt)] : []),
    ...(limits.length === 0 ? [words.noLimits] : [words.limits(list.format(limits))]),
  ].map(visibleLine);
}

export const limitLabel = (name: string): string =>
  (words.limitLabels as Readonly<Record<string, string>>)[name] ?? name;

const toolsCalled = (tool: string): string => (words.toolClasses as Readonly<Record<string, string>>)[tool] ?? tool;

function describeTools(grant: Grant): readonly string[] {
  const rows = toolRows(grant);
  if (rows.length === 0) return [words.noTools];
  return rows.map(({ server, tool, rule }) => {
    const { approval, arguments: conditions, callsPerMinute, callsPerDay, ...others } = rule;
    const parts = [
      ...(approval === undefined ? [] : [words.withApproval]),
      ...(conditions === undefined && Object.keys(others).length === 0 ? [] : [words.withConditions]),
      ...(typeof callsPerMinute === 'number' ? [words.callsPerMinute(callsPerMinute)] : []),
      ...(typeof callsPerDay === 'number' ? [words.callsPerDay(callsPerDay)] : []),
    ];
    const what = words.tool(toolsCalled(tool), server === '*' ? words.everyServer : server);
    return parts.length === 0 ? what : `${what.slice(0, -1)}, ${parts.join(', ')}.`;
  });
}
