import { visibleJson } from '@latchkey/mcp-bridge/visible-text';

/** A value as JSON, in which each character that a person could not see is an escape. It means the same. */
export const writeJson = (value: unknown, indent = 2): string => visibleJson(JSON.stringify(value, null, indent) ?? '');
