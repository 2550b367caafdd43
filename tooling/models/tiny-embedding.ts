import { type GgufValue, writeGguf } from './gguf-file.ts';
import { RandomWeights } from './random-weights.ts';

/** The properties of the model that tests rely on. */
export const TINY_EMBEDDING = { dimensions: 32, contextLength: 128 };

const WORDS =
  'the a of in is to and for what where cat dog fox red blue sits runs mat house weather rain sun Oslo Paris model token';
const LAYERS = 2;
const FEED_FORWARD = 64;

/**
 * Writes a small BERT as it leaves the converter of llama.cpp, with random weights: a real embedding model of some
 * hundred kilobytes, in which texts with the same words are near each other. The file is the same each time.
 */
export function writeTinyEmbedding(): Buffer {
  const { dimensions, contextLength } = TINY_EMBEDDING;
  const tokens = vocabulary();
  const weights = new RandomWeights(1);
  weights.add('token_embd.weight', [dimensions, tokens.length], 1);
  weights.add('token_types.weight', [dimensions, 2], 0.01);
  weights.add('position_embd.weight', [dimensions, contextLength], 0.05);
  addNorm(weights, 'token_embd_norm');
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const name = `blk.${layer}.`;
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output'])
      addLinear(weights, name + part, dimensions, dimensions);
    addNorm(weights, `${name}attn_output_norm`);
    addLinear(weights, `${name}ffn_up`, dimensions, FEED_FORWARD);
    addLinear(weights, `${name}ffn_down`, FEED_FORWARD, dimensions);
    addNorm(weights, `${name}layer_output_norm`);
  }
  return writeGguf(metadata(tokens), weights.tensors);
}

function addLinear(weights: RandomWeights, name: string, from: number, to: number): void {
  weights.add(`${name}.weight`, [from, to], 0.3 / Math.sqrt(from));
  weights.fill(`${name}.bias`, to, 0);
}

function addNorm(weights: RandomWeights, name: string): void {
  weights.fill(`${name}.weight`, TINY_EMBEDDING.dimensions, 1);
  weights.fill(`${name}.bias`, TINY_EMBEDDING.dimensions, 0);
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** A token at the beginning of a word has the mark of the converter in front. */
function vocabulary(): readonly string[] {
  const characters = Array.from({ length: 94 }, (_, index) => String.fromCodePoint(33 + index));
  const lower = characters.filter((character) => character === character.toLowerCase());
  const words = WORDS.toLowerCase()
    .split(' ')
    .filter((word) => word.length > 1);
  return [
    ...SPECIAL,
    ...lower.map((character) => `\u2581${character}`),
    ...lower,
    ...words.map((word) => `\u2581${word}`),
  ];
}

function metadata(tokens: readonly string[]): Readonly<Record<string, GgufValue>> {
  const u32 = (value: number): GgufValue => ({ type: 'u32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  const { dimensions, contextLength } = TINY_EMBEDDING;
  const idOf = (token: string): GgufValue => u32(tokens.indexOf(token));
  return {
    'general.architecture': string('bert'),
    'general.name': string('Tiny embedding'),
    'general.file_type': u32(0),
    'bert.context_length': u32(contextLength),
    'bert.embedding_length': u32(dimensions),
    'bert.block_count': u32(LAYERS),
    'bert.feed_forward_length': u32(FEED_FORWARD),
    'bert.attention.head_count': u32(4),
    'bert.attention.layer_norm_epsilon': { type: 'f32', value: 1e-12 },
    'bert.attention.causal': { type: 'bool', value: false },
    // 1 is the mean of all tokens.
    'bert.pooling_type': u32(1),
    'tokenizer.ggml.model': string('bert'),
    'tokenizer.ggml.token_type_count': u32(2),
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.token_type': { type: 'i32s', value: tokens.map((token) => (SPECIAL.includes(token) ? 3 : 1)) },
    'tokenizer.ggml.padding_token_id': idOf('[PAD]'),
    'tokenizer.ggml.unknown_token_id': idOf('[UNK]'),
    'tokenizer.ggml.bos_token_id': idOf('[CLS]'),
    'tokenizer.ggml.cls_token_id': idOf('[CLS]'),
    'tokenizer.ggml.seperator_token_id': idOf('[SEP]'),
    'tokenizer.ggml.mask_token_id': idOf('[MASK]'),
  };
}
