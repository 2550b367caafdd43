import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isObject } from '../../input/is-object.ts';
import { type Found, type FoundModel, keyPart, type LeftOut } from './found.ts';

const MODEL = 'application/vnd.ollama.image.model';
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Registry, namespace, model, tag. */
const DEPTH = 4;

/** What a model has beside its file, and what becomes of it. */
const LAYERS: Readonly<Record<string, string>> = {
  'application/vnd.ollama.image.adapter': 'it has an adapter (LoRA); name it in engine.models yourself',
  'application/vnd.ollama.image.projector': 'it sees images there, and reads text only here',
};

/**
 * Reads Ollama's models folder, `~/.ollama/models`: `manifests/<registry>/<namespace>/<model>/<tag>` name the blobs. A
 * name such as `qwen3:8b` becomes an alias, so that its clients go on.
 */
export function readOllama(folder: string): Found {
  const models: FoundModel[] = [];
  const aliases: Record<string, string> = {};
  const leftOut: LeftOut[] = [];
  const manifests = join(folder, 'manifests');
  for (const file of existsSync(manifests) ? filesIn(manifests, DEPTH) : []) {
    const [registry = '', namespace = '', model = '', tag = ''] = relative(manifests, file).split(sep);
    const isOwn = registry === 'registry.ollama.ai' && namespace === 'library';
    const name = `${isOwn ? '' : `${namespace}/`}${model}:${tag}`;
    const layers = layersOf(file);
    const blob = layers.find(({ mediaType }) => mediaType === MODEL)?.digest ?? '';
    const path = join(folder, 'blobs', blob.replace(':', '-'));
    if (!DIGEST.test(blob) || !existsSync(path)) {
      leftOut.push({
        what: 'model',
        name,
        note: 'its file is not on this machine: it runs elsewhere, or was not fetched whole',
      });
      continue;
    }
    const key = `${keyPart(isOwn ? 'ollama' : namespace)}/${keyPart(`${model}-${tag}`)}`;
    models.push({ key, path, isFolder: false });
    aliases[name] = key;
    if (tag === 'latest') aliases[name.slice(0, -':latest'.length)] = key;
    for (const { mediaType } of layers) {
      const note = LAYERS[mediaType];
      if (note !== undefined) leftOut.push({ what: 'model', name, note });
    }
  }
  return { models, settings: models.length === 0 ? {} : { aliases }, keys: [], leftOut };
}

function filesIn(folder: string, depth: number): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (depth === 1) return entry.isFile() ? [path] : [];
      return entry.isDirectory() ? filesIn(path, depth - 1) : [];
    });
}

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
}

function layersOf(file: string): readonly Layer[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const layers = isObject(manifest) && Array.isArray(manifest.layers) ? manifest.layers : [];
  return layers
    .filter(isObject)
    .map(({ mediaType, digest }) => ({ mediaType: String(mediaType), digest: String(digest) }));
}
