import { z } from 'zod';
import { ServerError } from '../contracts/server-error.ts';

type Issue = z.core.$ZodIssue;

/**
 * Parses a request's body. Throws ServerError `MISSING_PARAMETER`, `UNKNOWN_PARAMETER` or `INVALID_REQUEST` with the
 * path of the error as `param`, e.g. `integrations[0].id`. The message never repeats a value.
 */
export function validateBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = mostSpecific(parsed.error.issues);
  const param = z.core.toDotPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, 8).map((key) => key.slice(0, 64));
    const first = z.core.toDotPath([...issue.path, ...keys.slice(0, 1)]);
    const quoted = keys.map((key) => `'${key}'`).join(', ');
    throw new ServerError('UNKNOWN_PARAMETER', `Unrecognized key(s) in object: ${quoted}`, { param: first });
  }
  if (param !== '' && valueAt(body, issue.path) === undefined) {
    throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
  }
  const where = param === '' ? 'The body' : `'${param}'`;
  throw new ServerError('INVALID_REQUEST', `${where} is not valid: ${issue.message}`, param === '' ? {} : { param });
}

/** Of the errors of a union, the one with the deepest path is the most useful. */
function mostSpecific(issues: readonly Issue[]): Issue {
  const flat = issues.flatMap((issue): Issue[] =>
    issue.code === 'invalid_union' && issue.errors.length > 0
      ? issue.errors.map((branch) => {
          const inner = mostSpecific(branch);
          return { ...inner, path: [...issue.path, ...inner.path] };
        })
      : [issue],
  );
  const [first, ...others] = flat;
  if (first === undefined) throw new TypeError('a failed parse has no issue');
  return others.reduce((best, issue) => (issue.path.length > best.path.length ? issue : best), first);
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
    body,
  );
}
