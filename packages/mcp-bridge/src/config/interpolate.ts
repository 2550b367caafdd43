/** The environment of a process: what is not set is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

const placeholder = /\$\{([^}]*)\}/g;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${VAR}`, `${env:VAR}` and `${VAR:-default}`, once: what comes out is not looked at again, and `$VAR` stays.
 * A variable that is unset or empty and has no default is reported, so that neither the literal text nor an empty
 * string ever reaches a server as if it were a secret.
 */
export function interpolate(
  text: string,
  environment: Environment,
): { readonly value: string; readonly problem?: string } {
  let problem: string | undefined;
  const value = text.replace(placeholder, (whole, expression: string) => {
    const match = variable.exec(expression);
    if (match?.[1] === undefined) {
      problem ??= `"${whole}" is not understood; write \${NAME} or \${NAME:-default}`;
      return '';
    }
    const found = Object.hasOwn(environment, match[1]) ? environment[match[1]] : undefined;
    if (found !== undefined && found !== '') return found;
    if (match[2] !== undefined) return match[2];
    problem ??= `the environment variable ${match[1]} is not set`;
    return '';
  });
  return problem === undefined ? { value } : { value, problem };
}
