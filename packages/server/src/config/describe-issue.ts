import type { z } from 'zod';

/** What is wrong with a value, in terms of what was typed. */
export interface DescribedIssue {
  readonly keys: readonly PropertyKey[];
  readonly what: string;
}

const EXPECTED: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters long', array: ' entries long' };

/** Describes the first problem with `input`, by its keys. Of the input it repeats only a short, plain text. */
export function describeIssue({ issues }: z.ZodError, input: unknown): DescribedIssue {
  const [issue] = issues;
  if (issue === undefined) return { keys: [], what: 'it is not valid' };
  if (issue.code === 'unrecognized_keys') {
    return { keys: [...issue.path, ...issue.keys.slice(0, 1)], what: 'there is no such setting' };
  }
  return { keys: issue.path, what: `${describeExpectation(issue)}${describeGiven(valueAt(input, issue.path))}` };
}

function describeExpectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${EXPECTED[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      return `must be ${bound}${UNITS[issue.origin] ?? ''}`;
    }
    case 'invalid_format':
      if (issue.format === 'url') return 'must be a URL such as https://models.example.com';
      return issue.message;
    default:
      return issue.message;
  }
}

/** Short words and numbers help the reader; anything else may be a secret. */
function describeGiven(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `, not ${value}`;
  return typeof value === 'string' && /^[\w.-]{1,20}$/.test(value) ? `, not '${value}'` : '';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}
