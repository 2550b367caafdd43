import { isObject } from '../../input/is-object.ts';
import { type Found, type FoundKey, keyPart, type LeftOut, MODELS_ONLY } from './found.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The providers of LiteLLM that are reached by OpenAI's API, and the end of their address, where it is left out there. */
const SPEAKS_OPENAI: Readonly<Record<string, string>> = {
  openai: '',
  custom_openai: '',
  hosted_vllm: '',
  vllm: '',
  lm_studio: '',
  llamafile: '',
  litellm_proxy: '',
  openai_like: '',
  ollama: '/v1',
  ollama_chat: '/v1',
};
const OPENAI = 'https://api.openai.com/v1';
const VARIABLE = /^os\.environ\/([A-Za-z_]\w{0,127})$/;
/** Parameters of a model that are in its upstream. */
const TAKEN = new Set(['model', 'api_base', 'base_url', 'api_key']);

interface Upstream {
  readonly urls: readonly string[];
  readonly apiKeyVariable?: string;
  readonly models: Record<string, { readonly name: string }>;
}

/** Reads the configuration of LiteLLM's proxy: `model_list`, aliases, and the master key. */
export function readLiteLlm(root: Readonly<Record<string, unknown>>, environment: Environment): Found {
  const leftOut: LeftOut[] = [];
  const upstreams = readModels(root.model_list, leftOut);
  const router = isObject(root.router_settings) ? root.router_settings : {};
  const aliases: Record<string, string> = {};
  for (const [alias, model] of Object.entries(isObject(router.model_group_alias) ? router.model_group_alias : {})) {
    const named = isObject(model) ? model.model : model;
    if (typeof named === 'string') aliases[alias] = named;
  }
  const general = isObject(root.general_settings) ? root.general_settings : {};
  const keys = readMasterKey(general.master_key, environment, leftOut);
  if (general.database_url !== undefined || environment.DATABASE_URL !== undefined) {
    leftOut.push({
      what: 'key',
      name: 'virtual keys',
      note: 'they are SHA-256 hashes in its database (LiteLLM_VerificationToken): write them to a file for latchkey token import',
    });
  }
  for (const part of ['litellm_settings', 'router_settings', 'environment_variables', 'general_settings']) {
    const names = Object.keys(isObject(root[part]) ? (root[part] as object) : {}).filter((name) => !KNOWN.has(name));
    if (names.length > 0)
      leftOut.push({
        what: 'setting',
        name: part,
        note: `has no place here: ${names.slice(0, 16).map(keyPart).join(', ')}`,
      });
  }
  return {
    models: [],
    settings: {
      ...(Object.keys(upstreams).length > 0 && { upstreams }),
      ...(Object.keys(aliases).length > 0 && { aliases }),
    },
    keys,
    leftOut,
  };
}

const KNOWN = new Set(['model_group_alias', 'master_key', 'database_url']);

function readModels(list: unknown, leftOut: LeftOut[]): Readonly<Record<string, Upstream>> {
  const upstreams: Record<string, Upstream> = {};
  const taken = new Set<string>();
  for (const entry of Array.isArray(list) ? list : []) {
    const params = isObject(entry) && isObject(entry.litellm_params) ? entry.litellm_params : undefined;
    const name = isObject(entry) ? entry.model_name : undefined;
    if (params === undefined || typeof name !== 'string' || typeof params.model !== 'string') continue;
    const refuse = (note: string): void => void leftOut.push({ what: 'upstream', name, note });
    const place = placeOf(params.model, params.api_base ?? params.base_url);
    if (typeof place === 'string') {
      refuse(place);
      continue;
    }
    if (name.includes('*') || place.model.includes('*')) {
      refuse('it stands for many models: leave models out of the upstream, and all that it lists are served');
      continue;
    }
    if (taken.has(name)) {
      refuse('another entry has this name; servers with the same models are several urls of one upstream');
      continue;
    }
    const label = labelOf(place.url);
    const variable = variableOf(params.api_key, label, place.url === OPENAI);
    const known = upstreams[label];
    if (known !== undefined && known.apiKeyVariable !== variable.name) {
      refuse(`upstream ${label} has another key; write a second upstream for it`);
      continue;
    }
    if (variable.isInFile) {
      leftOut.push({
        what: 'key',
        name: label,
        note: `a key in the file opens that server: put it into the variable ${variable.name} of this one`,
      });
    }
    const others = Object.keys(params).filter((key) => !TAKEN.has(key));
    if (others.length > 0) refuse(`served, without ${others.slice(0, 16).map(keyPart).join(', ')}`);
    taken.add(name);
    upstreams[label] ??= { urls: [place.url], ...(variable.name && { apiKeyVariable: variable.name }), models: {} };
    upstreams[label].models[name] = { name: place.model };
  }
  return upstreams;
}

/** Where a model is, or why it cannot be reached. */
function placeOf(model: string, base: unknown): { readonly url: string; readonly model: string } | string {
  const slash = model.indexOf('/');
  const [provider, rest] = slash === -1 ? ['openai', model] : [model.slice(0, slash), model.slice(slash + 1)];
  const end = Object.hasOwn(SPEAKS_OPENAI, provider) ? SPEAKS_OPENAI[provider] : undefined;
  if (end === undefined) return `${keyPart(provider)} is not reached by OpenAI's API`;
  if (base === undefined && provider === 'openai') return { url: OPENAI, model: rest };
  const url = typeof base === 'string' ? URL.parse(base) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== '') {
    return 'it has no address that could be taken (api_base)';
  }
  const address = url.href.replace(/\/$/, '');
  return { url: address.endsWith(end) ? address : `${address}${end}`, model: rest };
}

const labelOf = (url: string): string => {
  const { host } = new URL(url);
  return host
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 64);
};

/** The variable with the key of a server. A key in the file is not copied into another one. */
function variableOf(
  key: unknown,
  label: string,
  isOpenAi: boolean,
): { readonly name?: string; readonly isInFile: boolean } {
  if (typeof key !== 'string' || key === '')
    return isOpenAi ? { name: 'OPENAI_API_KEY', isInFile: false } : { isInFile: false };
  const [, named] = VARIABLE.exec(key) ?? [];
  if (named !== undefined) return { name: named, isInFile: false };
  return {
    name: `${label
      .toUpperCase()
      .replaceAll('-', '_')
      .replace(/^(?=\d)/, '_')}_API_KEY`,
    isInFile: true,
  };
}

/** The key that may do everything there opens models here: a token that may do everything is never made of a file. */
function readMasterKey(written: unknown, environment: Environment, leftOut: LeftOut[]): readonly FoundKey[] {
  if (typeof written !== 'string') return [];
  const [, variable] = VARIABLE.exec(written) ?? [];
  const secret = variable === undefined ? written : environment[variable];
  if (!secret) {
    leftOut.push({ what: 'key', name: 'master_key', note: `the environment has no ${variable}` });
    return [];
  }
  const note = 'it administered LiteLLM; here it may use models only';
  return [{ name: 'LiteLLM master key', secret, grant: MODELS_ONLY, note }];
}
