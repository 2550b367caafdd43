import { ServerError } from '../../contracts/server-error.ts';

/** A tool as this API names it. */
export interface NamedTool {
  readonly name: string;
  readonly namespace?: string;
  /** A custom tool takes free text, where a function takes JSON. */
  readonly isCustom: boolean;
}

/** Joins a namespace and a name: models have one list of tools. */
const SEPARATOR = '__';

/** The name by which a model knows a tool. */
export const flatName = (name: string, namespace: string | null | undefined): string =>
  namespace == null || namespace === '' ? name : `${namespace}${SEPARATOR}${name}`;

/** The caller's tools by the names by which the model knows them. */
export class ToolNames {
  readonly #tools = new Map<string, NamedTool>();

  /** Returns the name for the model. Throws ServerError when another tool has it. */
  add(tool: NamedTool, param: string): string {
    const flat = flatName(tool.name, tool.namespace);
    if (flat.length > 128)
      throw invalid(param, 'is too long together with its namespace: expected at most 128 characters');
    if (this.#tools.has(flat)) throw invalid(param, 'is the name of another tool as well; rename one of them');
    this.#tools.set(flat, tool);
    return flat;
  }

  /** The tool that the model has called. */
  find(flat: string): NamedTool {
    return this.#tools.get(flat) ?? { name: flat, isCustom: false };
  }

  has(flat: string): boolean {
    return this.#tools.has(flat);
  }
}

const invalid = (param: string, problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'${param}' ${problem}.`, { param });
