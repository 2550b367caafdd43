/** A place in a document in its usual notation, e.g. `tools["files"].arguments.path`. */
export function printPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number' || !/^[A-Za-z_]\w*$/.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}
