import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isObject } from '../../input/is-object.ts';
import { type Found, type FoundKey, type FoundModel, keyPart, type LeftOut, MODELS_ONLY } from './found.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Macros = Readonly<Record<string, string>>;

/** Options of llama-server that are taken otherwise, or have no meaning here. */
const UNDERSTOOD = /^(?:-m|--model|--port|--host|-a|--alias|--jinja)$/;
const MOST_PASSES = 8;
const MOST_CHARACTERS = 65_536;

/**
 * Reads the configuration of llama-swap: the model files of its commands, the names and aliases of its models, and its
 * `apiKeys`. Nothing of a command is run.
 *
 * @param folder where its relative paths begin
 */
export function readLlamaSwap(
  root: Readonly<Record<string, unknown>>,
  folder: string,
  environment: Environment,
): Found {
  const models: FoundModel[] = [];
  const aliases: Record<string, string> = {};
  const leftOut: LeftOut[] = [];
  const shared = macrosOf(root.macros);
  for (const [name, entry] of Object.entries(isObject(root.models) ? root.models : {})) {
    if (!isObject(entry) || typeof entry.cmd !== 'string') continue;
    const macros = { ...shared, ...macrosOf(entry.macros), MODEL_ID: name };
    const words = wordsOf(expand(entry.cmd, macros, environment));
    const file = optionOf(words, '-m', '--model');
    const path = file === undefined ? undefined : resolve(folder, file);
    if (path === undefined || !existsSync(path)) {
      leftOut.push({ what: 'model', name, note: whyNot(words, path) });
      continue;
    }
    const key = `llama-swap/${keyPart(name)}`;
    models.push({ key, path, isFolder: false });
    aliases[name] = key;
    for (const alias of Array.isArray(entry.aliases) ? entry.aliases : []) {
      const id = isObject(alias) ? alias.id : alias;
      if (typeof id === 'string') aliases[id] = key;
    }
    const options = words.filter((word) => /^-{1,2}[A-Za-z]/.test(word) && !UNDERSTOOD.test(word));
    if (options.length > 0) {
      const list = options
        .slice(0, 24)
        .map((option) => option.split('=', 1)[0])
        .join(' ');
      leftOut.push({ what: 'setting', name, note: `its options are not taken; see engine.models: ${list}` });
    }
  }
  const keys = (Array.isArray(root.apiKeys) ? root.apiKeys : []).flatMap((written, index): readonly FoundKey[] => {
    const secret = typeof written === 'string' ? expand(written, shared, environment) : '';
    if (secret !== '' && !secret.includes('${')) {
      return [{ name: `llama-swap key ${index + 1}`, secret, grant: MODELS_ONLY }];
    }
    leftOut.push({ what: 'key', name: `key ${index + 1}`, note: 'it is empty, or its variable is not set' });
    return [];
  });
  for (const part of ['groups', 'matrix', 'hooks', 'peers', 'globalTTL']) {
    if (root[part] !== undefined)
      leftOut.push({ what: 'setting', name: part, note: NOTES[part] ?? 'has no place here' });
  }
  return { models, settings: Object.keys(aliases).length > 0 ? { aliases } : {}, keys, leftOut };
}

const NOTES: Readonly<Record<string, string>> = {
  peers: 'other servers are upstreams here; see docs/engine.md',
  globalTTL: 'how long a model stays is engine.idleMinutes',
  groups: 'models are loaded as memory allows (engine.keepOnlyLast)',
  matrix: 'models are loaded as memory allows (engine.keepOnlyLast)',
};

function whyNot(words: readonly string[], path: string | undefined): string {
  if (path !== undefined) return 'its file is not there, or is inside a container';
  if (optionOf(words, '-hf', '-hfr', '--hf-repo') !== undefined)
    return 'llama-server fetches it; latchkey pull does here';
  return 'its command has no model file (--model): another engine can be an upstream';
}

function macrosOf(macros: unknown): Macros {
  const entries = Object.entries(isObject(macros) ? macros : {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** Replaces macros, those in macros too; what is not known stays. Bounded, since macros can name each other. */
function expand(text: string, macros: Macros, environment: Environment): string {
  let expanded = text;
  for (let pass = 0; pass < MOST_PASSES && expanded.includes('${'); pass += 1) {
    expanded = expanded
      .replace(/\$\{(env\.)?([\w-]{1,64})\}/g, (whole, isVariable: string | undefined, name: string) => {
        if (isVariable !== undefined) return environment[name] ?? whole;
        return Object.hasOwn(macros, name) ? (macros[name] ?? whole) : whole;
      })
      .slice(0, MOST_CHARACTERS);
  }
  return expanded;
}

/** The words of a command line, without comments and quotes. */
function wordsOf(command: string): readonly string[] {
  const lines = command.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.join(' ').match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function optionOf(words: readonly string[], ...options: readonly string[]): string | undefined {
  const at = words.findIndex((word) => options.includes(word));
  if (at !== -1) return words[at + 1];
  return words.find((word) => options.some((option) => word.startsWith(`${option}=`)))?.replace(/^[^=]*=/, '');
}
