import {
  type CreateIndexNode,
  IdentifierNode,
  type Kysely,
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type PrimaryKeyConstraintNode,
  type QueryResult,
  type RootOperationNode,
  type SchemableIdentifierNode,
  type UnknownRow,
} from 'kysely';
import { isPostgres } from './is-postgres.ts';
import { checkNames, type StoreNames } from './store-names.ts';

/**
 * A host's database, or a transaction of it, as the library uses it: without the plugins that the host has set up, which
 * change names, values and rows, and with the names of the library's own tables. The schema is declared by the caller:
 * a host's own need not have these tables, which the migrations create.
 *
 * @throws {TypeError} when the names are invalid, or there is a schema on a database without schemas
 */
export function namedTables<Schema>(database: object, names: StoreNames): Kysely<Schema> {
  const { schema, prefix } = names;
  const plain = (database as Kysely<Schema>).withoutPlugins();
  if (schema === undefined && prefix === undefined) return plain;
  checkNames(names);
  if (schema !== undefined && !isPostgres(plain)) {
    throw new TypeError("the option 'schema' is for PostgreSQL; in SQLite, give the tables a 'prefix'");
  }
  return plain.withPlugin(new NamedTables(names));
}

/**
 * Gives every table of a query its name; aliases and common table expressions keep theirs, so a part of a query that
 * names one must be built inside of that query.
 */
class NamedTables implements KyselyPlugin {
  readonly #names: StoreNames;
  /** What is named already: parts of a query reach the plugin twice. */
  readonly #named = new WeakSet<object>();

  constructor(names: StoreNames) {
    this.#names = names;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return new TableNamer(this.#names, this.#named, localNames(node)).transformNode(node, queryId);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}

class TableNamer extends OperationNodeTransformer {
  readonly #names: StoreNames;
  readonly #named: WeakSet<object>;
  readonly #local: ReadonlySet<string>;

  constructor(names: StoreNames, named: WeakSet<object>, local: ReadonlySet<string>) {
    super();
    this.#names = names;
    this.#named = named;
    this.#local = local;
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    if (this.#named.has(node) || node.schema !== undefined || this.#local.has(node.identifier.name)) return node;
    const { schema } = this.#names;
    const named: SchemableIdentifierNode = {
      ...node,
      identifier: this.#name(node.identifier),
      ...(schema !== undefined && { schema: IdentifierNode.create(schema) }),
    };
    this.#named.add(named);
    return named;
  }

  protected override transformCreateIndex(node: CreateIndexNode): CreateIndexNode {
    return { ...super.transformCreateIndex(node), name: this.#name(node.name) };
  }

  /** The constraint is an index, too, whose name is taken in the whole schema. */
  protected override transformPrimaryKeyConstraint(node: PrimaryKeyConstraintNode): PrimaryKeyConstraintNode {
    const { name } = node;
    return { ...super.transformPrimaryKeyConstraint(node), ...(name !== undefined && { name: this.#name(name) }) };
  }

  #name({ name }: IdentifierNode): IdentifierNode {
    return IdentifierNode.create(`${this.#names.prefix ?? ''}${name}`);
  }
}

/** The names that a query itself gives: aliases, common table expressions, and the row that an insert leaves out. */
function localNames(root: OperationNode): ReadonlySet<string> {
  const names = new Set(['excluded']);
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { kind, alias, table } = value as { kind?: string; alias?: Named; table?: { table?: Named } };
    if (kind === 'AliasNode' && alias?.name !== undefined) names.add(alias.name);
    if (kind === 'CommonTableExpressionNameNode') names.add(table?.table?.identifier?.name ?? '');
    for (const part of Array.isArray(value) ? value : Object.values(value)) visit(part);
  };
  visit(root);
  return names;
}

interface Named {
  readonly name?: string;
  readonly identifier?: { readonly name: string };
}
