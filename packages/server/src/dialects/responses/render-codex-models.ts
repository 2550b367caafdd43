import type { Model, ModelDescription } from '@latchkey/engine';
import type { ListedModel } from '../../models/list-models.ts';
import type { Json } from './items.ts';

/** Instead of the prompt for OpenAI's models, which alone fills the context of many local ones. */
const INSTRUCTIONS =
  'You are Codex, a coding agent in a terminal. Use the tools to read, change and run what is in the working directory, ' +
  'and go on until the task is done. Change files with apply_patch. Say briefly what you have done.';
/** The most tokens of a tool's output, unless the context is too small for that. */
const MOST_OUTPUT_TOKENS = 10_000;
/** Of a model that could not be examined yet. */
const LEAST_CONTEXT = 4096;

/** `GET /v1/models?client_version=…`: the catalog that Codex asks for, each model under its key and its aliases. */
export function renderCodexModels(models: readonly ListedModel[]): Json {
  const chatting = models.filter(({ model }) => describedOf(model)?.type !== 'embedding');
  return { models: chatting.map((listed, index) => renderModel(listed, index + 1)) };
}

const describedOf = ({ description }: Model): ModelDescription | undefined =>
  description instanceof Error ? undefined : description;

function renderModel({ name: slug, model, context = LEAST_CONTEXT }: ListedModel, priority: number): Json {
  const { displayName, capabilities } = describedOf(model) ?? { displayName: null, capabilities: undefined };
  const efforts = capabilities?.reasoning?.allowedOptions.filter((effort) => effort !== 'on') ?? [];
  const levels = efforts.map((effort) => (effort === 'off' ? 'none' : effort));
  const thinks = levels.length > 0;
  return {
    slug,
    display_name: displayName ?? model.name,
    description: null,
    default_reasoning_level: null,
    supported_reasoning_levels: levels.map((effort) => ({ effort, description: `${effort} effort` })),
    shell_type: 'unified_exec',
    visibility: 'list',
    supported_in_api: true,
    priority,
    upgrade: null,
    base_instructions: INSTRUCTIONS,
    supports_reasoning_summaries: thinks,
    supports_reasoning_summary_parameter: thinks,
    support_verbosity: false,
    default_verbosity: null,
    apply_patch_tool_type: 'freeform',
    truncation_policy: { mode: 'tokens', limit: Math.min(MOST_OUTPUT_TOKENS, Math.ceil(context / 4)) },
    supports_parallel_tool_calls: false,
    context_window: context,
    experimental_supported_tools: [],
    input_modalities: capabilities?.vision ? ['text', 'image'] : ['text'],
  };
}
