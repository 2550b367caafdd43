import type { DecisionsDialect } from '../../contracts/decisions.ts';
import { systemOneErrors } from './errors.ts';
import { parseSystemOne } from './parse.ts';

/** `POST /v1/systemone`, as Ollama and llama-server have it; https://docs.ollama.com/api/systemone. */
export const systemOneDialect: DecisionsDialect = { ...systemOneErrors, parse: parseSystemOne };
