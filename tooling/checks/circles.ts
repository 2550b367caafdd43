import { importsOf, readSources } from './sources.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Finds circular imports: in each folder below `root`, the entries of which each reaches the others. An entry is a
 * file, or a folder with its whole content. Each circle is a line: the folder, and its entries in alphabetical order.
 */
export function findCircles(root: string): readonly string[] {
  const files = readSources(`${root}/**/*.ts`);
  const imports = files.flatMap((file) => importsOf(file).map((target): [string, string] => [file.path, target]));
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path, root)));
  return [...folders].flatMap((folder) =>
    circlesOf(graphOf(folder, imports)).map((circle) => `${folder}: ${circle.toSorted().join(' ')}`),
  );
}

function foldersAbove(path: string, root: string): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder.length < root.length ? [] : [folder, ...foldersAbove(folder, root)];
}

function graphOf(folder: string, imports: readonly (readonly [string, string])[]): Graph {
  const entryOf = (path: string): string | undefined =>
    path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).split('/', 1)[0] : undefined;
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of imports) {
    const [entry, target] = [entryOf(from), entryOf(to)];
    if (entry === undefined || target === undefined || entry === target) continue;
    graph.set(entry, (graph.get(entry) ?? new Set()).add(target));
  }
  return graph;
}

/** Sets of entries that all reach each other. */
function circlesOf(graph: Graph): readonly (readonly string[])[] {
  const reached = new Map([...graph.keys()].map((entry) => [entry, reachableFrom(entry, graph)]));
  const circles = [...graph.keys()].map((entry) =>
    [...(reached.get(entry) ?? [])].filter((other) => reached.get(other)?.has(entry)),
  );
  const unlike = new Map(circles.map((circle) => [circle.toSorted().join(' '), circle]));
  return [...unlike.values()].filter((circle) => circle.length > 1);
}

function reachableFrom(entry: string, graph: Graph): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [entry];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const target of graph.get(next) ?? []) {
      if (reached.has(target)) continue;
      reached.add(target);
      waiting.push(target);
    }
  }
  return reached;
}
