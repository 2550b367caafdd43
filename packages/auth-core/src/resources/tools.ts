import { GLOB_DEFINITION, GLOBS } from '../authority/grant-schema.ts';
import type { ResourceKind } from '../authority/resource-kind.ts';
import { JSON_TYPES, type JsonSchema } from '../schema/json-schema.ts';
import { argumentConditions } from './argument-conditions.ts';
import { coversTools } from './covers-tools.ts';
import { decideTool, nameTool } from './decide-tool.ts';
import { asFormerlyRead } from './former-reading.ts';
import { effectOf, matchingRules } from './matching-rules.ts';
import { limitsOfRules } from './rule-limits.ts';
import { TOOL_EFFECTS, type ToolRequest, type ToolRules } from './tool-rule.ts';

/**
 * A resource kind for tools of servers, with their arguments: a rule names servers, their tools or classes of them,
 * conditions on arguments, how many calls are allowed, and whether a person must agree. A request names a server, one
 * of its tools, or a call with its arguments.
 *
 * @example
 * ```ts
 * import { defineVocabulary, tools } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['jobs:run'], resources: { jobs: tools() } });
 * const grant = vocabulary.parseGrant({ actions: ['jobs:run'], jobs: { reports: { tools: { 'read_*': {} } } } });
 * const authority = [{ grant, source: 'token ci' }];
 * const request = { action: 'jobs:run', jobs: { server: 'reports', name: 'delete_all', arguments: {} } } as const;
 * console.log(vocabulary.decide(authority, request, { now: new Date() }).allowed); // false
 * ```
 */
export function tools(): ResourceKind<ToolRules, ToolRequest> {
  return Object.freeze<ResourceKind<ToolRules, ToolRequest>>({
    schema: RULES,
    definitions: DEFINITIONS,
    everything: { '*': { tools: { '*': {} } } },
    conditions: argumentConditions,
    check(rules, check) {
      check.globs(Object.keys(rules), []);
      for (const [server, { tools }] of Object.entries(rules)) {
        check.globs(Object.keys(tools), [server, 'tools']);
        for (const [tool, rule] of Object.entries(tools)) {
          if (tool.startsWith('@') && effectOf(tool) === undefined) {
            check.refuse([server, 'tools', tool], `is not a class of tools: ${CLASSES}`);
          }
          for (const [name, constraint] of Object.entries(rule.arguments ?? {})) {
            check.constraint(constraint, [server, 'tools', tool, 'arguments', name]);
          }
        }
      }
    },
    describe: nameTool,
    decide: decideTool,
    covers(parent = {}, child, steps) {
      const wider = coversTools(parent, child, steps);
      return wider === undefined || { at: wider };
    },
    place(rules, asked, { steps, inPlace }) {
      if (asked.arguments === undefined) return asked;
      let sent = asked.arguments;
      for (const { rule } of matchingRules(rules, asked, steps)) {
        sent = inPlace(rule.arguments ?? {}, sent);
      }
      return sent === asked.arguments ? asked : { ...asked, arguments: sent };
    },
    limits: limitsOfRules,
    formerly: asFormerlyRead,
  });
}

const CLASSES = TOOL_EFFECTS.map((effect) => `@${effect}`).join(', ');

const count: JsonSchema = { type: 'integer', minimum: 0 };
const calls: JsonSchema = { type: 'integer', minimum: 1, maximum: 1_000_000_000 };
const texts: JsonSchema = { type: 'array', items: { type: 'string' } };
const constraint: JsonSchema = { $ref: '#/$defs/constraint' };

const RULES: JsonSchema = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    required: ['tools'],
    additionalProperties: false,
    properties: { tools: { type: 'object', additionalProperties: { $ref: '#/$defs/toolRule' } } },
  },
};

const DEFINITIONS: Readonly<Record<string, JsonSchema>> = {
  ...GLOB_DEFINITION,
  toolRule: {
    type: 'object',
    additionalProperties: false,
    properties: {
      approval: { type: 'string', const: 'ask' },
      arguments: { type: 'object', additionalProperties: constraint },
      additionalArguments: { type: 'boolean' },
      callsPerMinute: calls,
      callsPerDay: calls,
    },
  },
  constraint: {
    type: 'object',
    additionalProperties: false,
    properties: {
      const: {},
      enum: { type: 'array' },
      type: { type: 'string', enum: [...JSON_TYPES] },
      pattern: { type: 'string', maxLength: 512 },
      minimum: { type: 'number' },
      maximum: { type: 'number' },
      minLength: count,
      maxLength: count,
      maxItems: count,
      items: constraint,
      properties: { type: 'object', additionalProperties: constraint },
      required: texts,
      within: { type: 'string', minLength: 1 },
      hardLinks: { type: 'boolean' },
      hosts: GLOBS,
      cidr: texts,
    },
  },
};
