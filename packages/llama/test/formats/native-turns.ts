/** What a family's model writes, copied by hand from its template, its makers' documents and llama.cpp's own tests. */
export interface NativeTurn {
  /** A call of `get_weather` with the city Paris and two days; absent: the family has no calls. */
  readonly call?: string;
  /** The same, and then a call of `get_time` with the zone `UTC`; absent: the family makes one call a turn. */
  readonly two?: string;
  /** The thought `Let me think` and then the answer `It rains`; absent: the family does not reason. */
  readonly thought?: string;
}

/** As if the prompt had opened the thought: what is behind its opening marker. */
const THINK = '<think>\nLet me think\n</think>\n\nIt rains';
const PARIS = '{"city": "Paris", "days": 2}';
const UTC = '{"zone": "UTC"}';

const hermes: NativeTurn = {
  call: `<tool_call>\n{"name": "get_weather", "arguments": ${PARIS}}\n</tool_call>`,
  two: `<tool_call>\n{"name": "get_weather", "arguments": ${PARIS}}\n</tool_call>\n<tool_call>\n{"name": "get_time", "arguments": ${UTC}}\n</tool_call>`,
};
const lines: NativeTurn = {
  call: '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>',
  two: '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=get_time>\n<parameter=zone>\nUTC\n</parameter>\n</function>\n</tool_call>',
};
const argKeyLines: NativeTurn = {
  call: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
  two: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n<tool_call>get_time\n<arg_key>zone</arg_key>\n<arg_value>UTC</arg_value>\n</tool_call>',
};
const argKeys: NativeTurn = {
  call: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>days</arg_key><arg_value>2</arg_value></tool_call>',
  two: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>days</arg_key><arg_value>2</arg_value></tool_call><tool_call>get_time<arg_key>zone</arg_key><arg_value>UTC</arg_value></tool_call>',
};
const python: NativeTurn = {
  call: `<|tool_call_start|>[get_weather(city="Paris", days=2)]<|tool_call_end|>`,
  two: `<|tool_call_start|>[get_weather(city="Paris", days=2), get_time(zone='UTC')]<|tool_call_end|>`,
};
const kimi: NativeTurn = {
  call: `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>${PARIS}<|tool_call_end|><|tool_calls_section_end|>`,
  two: `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>${PARIS}<|tool_call_end|><|tool_call_begin|>functions.get_time:1<|tool_call_argument_begin|>${UTC}<|tool_call_end|><|tool_calls_section_end|>`,
};
const r1: NativeTurn = {
  call: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n${PARIS}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  two: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n${PARIS}\n\`\`\`<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n\`\`\`json\n${UTC}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  thought: THINK,
};
const dsml = (section: string): NativeTurn => ({
  call: `<｜DSML｜${section}>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜${section}>`,
  two: `<｜DSML｜${section}>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name="get_time">\n<｜DSML｜parameter name="zone" string="true">UTC</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜${section}>`,
  thought: THINK,
});
const action = (name: string): Pick<NativeTurn, 'call' | 'two'> => ({
  call: `<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": ${PARIS}}\n]<|END_ACTION|>${name}`,
  two: `<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": ${PARIS}},\n    {"tool_call_id": "1", "tool_name": "get_time", "parameters": ${UTC}}\n]<|END_ACTION|>${name}`,
});
const gemma: NativeTurn = {
  call: '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>,days:2}<tool_call|>',
  two: '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>,days:2}<tool_call|><|tool_call>call:get_time{zone:<|"|>UTC<|"|>}<tool_call|>',
  thought: '<|channel>thought\nLet me think\n<channel|>It rains',
};
const llama: NativeTurn = { call: `{"name": "get_weather", "parameters": ${PARIS}}` };
const listOf = (open: string, close: string): Pick<NativeTurn, 'call' | 'two'> => ({
  call: `${open}[{"name": "get_weather", "arguments": ${PARIS}}]${close}`,
  two: `${open}[{"name": "get_weather", "arguments": ${PARIS}}, {"name": "get_time", "arguments": ${UTC}}]${close}`,
});
const named = (id: (index: number) => string): NativeTurn => ({
  call: `[TOOL_CALLS]get_weather${id(1)}[ARGS]${PARIS}`,
  two: `[TOOL_CALLS]get_weather${id(1)}[ARGS]${PARIS}[TOOL_CALLS]get_time${id(2)}[ARGS]${UTC}`,
});
const apriel: NativeTurn = {
  ...listOf('<tool_calls>', '</tool_calls>'),
  thought: 'Here are my reasoning steps:\nLet me think\n[BEGIN FINAL RESPONSE]\nIt rains\n[END FINAL RESPONSE]',
};
const M3 = ']<]minimax[>[';

/** By the name of llama.cpp's template. */
export const NATIVE_TURNS: Readonly<Record<string, NativeTurn>> = {
  'Apertus-8B-Instruct': {
    call: `<|tools_prefix|>[{"get_weather": ${PARIS}}]<|tools_suffix|>`,
    two: `<|tools_prefix|>[{"get_weather": ${PARIS}}, {"get_time": ${UTC}}]<|tools_suffix|>`,
    thought: '<|inner_prefix|>Let me think<|inner_suffix|>It rains',
  },
  'Apriel-1.6-15b-Thinker-fixed': apriel,
  'Bielik-11B-v3.0-Instruct': { ...hermes, thought: THINK },
  'ByteDance-Seed-OSS': {
    call: '<seed:tool_call>\n<function=get_weather>\n<parameter=city>Paris</parameter>\n<parameter=days>2</parameter>\n</function>\n</seed:tool_call>',
    two: '<seed:tool_call>\n<function=get_weather>\n<parameter=city>Paris</parameter>\n<parameter=days>2</parameter>\n</function>\n</seed:tool_call>\n<seed:tool_call>\n<function=get_time>\n<parameter=zone>UTC</parameter>\n</function>\n</seed:tool_call>',
    thought: '<seed:think>Let me think</seed:think>It rains',
  },
  Cohere2MoE: {
    ...action(''),
    thought: '<|START_THINKING|>Let me think<|END_THINKING|><|START_TEXT|>It rains<|END_TEXT|>',
  },
  'CohereForAI-c4ai-command-r-plus-tool_use': {
    call: 'Action:\n```json\n[\n    {\n        "tool_name": "get_weather",\n        "parameters": {\n            "city": "Paris",\n            "days": 2\n        }\n    }\n]```',
    two: 'Action:\n```json\n[\n    {\n        "tool_name": "get_weather",\n        "parameters": {"city": "Paris", "days": 2}\n    },\n    {\n        "tool_name": "get_time",\n        "parameters": {"zone": "UTC"}\n    }\n]```',
  },
  'CohereForAI-c4ai-command-r7b-12-2024-tool_use': {
    ...action(''),
    thought: '<|START_THINKING|>Let me think<|END_THINKING|><|START_RESPONSE|>It rains<|END_RESPONSE|>',
  },
  'GLM-4.6': { ...argKeyLines, thought: '\n<think>Let me think</think>\nIt rains' },
  'GLM-4.7-Flash': { ...argKeys, thought: '<think>Let me think</think>It rains' },
  'GigaChat3-10B-A1.8B': {
    call: `<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "get_weather", "arguments": ${PARIS}}`,
  },
  'GigaChat3.1-10B-A1.8B': { call: `<|function_call|>{"name": "get_weather", "arguments": ${PARIS}}` },
  'HuggingFaceTB-SmolLM3-3B': { ...hermes, thought: THINK },
  'Kimi-K2-Instruct': kimi,
  'Kimi-K2-Thinking': { ...kimi, thought: '<think>Let me think</think>It rains' },
  'Kimi-K3': {
    call: '<|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="days" type="number"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
    two: '<|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="days" type="number"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|><|open|>call tool="get_time" index="2"<|sep|><|open|>argument key="zone" type="string"<|sep|>UTC<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|><|close|>message<|sep|>',
    thought:
      '<|open|>think<|sep|>Let me think<|close|>think<|sep|><|open|>response<|sep|>It rains<|close|>response<|sep|><|close|>message<|sep|>',
  },
  'LFM2-8B-A1B': python,
  'LFM2.5-8B-A1B': { ...python, thought: '<think>Let me think</think>It rains' },
  'LFM2.5-Instruct': python,
  'MiMo-VL': { ...hermes, thought: THINK },
  'MiniMax-M1': {
    call: `<tool_calls>\n{"name": "get_weather", "arguments": ${PARIS}}\n</tool_calls>`,
    two: `<tool_calls>\n{"name": "get_weather", "arguments": ${PARIS}}\n{"name": "get_time", "arguments": ${UTC}}\n</tool_calls>`,
    thought: THINK,
  },
  'MiniMax-M2': {
    call: '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">2</parameter>\n</invoke>\n</minimax:tool_call>',
    two: '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">2</parameter>\n</invoke>\n<invoke name="get_time">\n<parameter name="zone">UTC</parameter>\n</invoke>\n</minimax:tool_call>',
    thought: THINK,
  },
  'MiniMax-M3': {
    call: `${M3}<tool_call>\n${M3}<invoke name="get_weather">${M3}<city>Paris${M3}</city>${M3}<days>2${M3}</days>${M3}</invoke>\n${M3}</tool_call>`,
    two: `${M3}<tool_call>\n${M3}<invoke name="get_weather">${M3}<city>Paris${M3}</city>${M3}<days>2${M3}</days>${M3}</invoke>\n${M3}<invoke name="get_time">${M3}<zone>UTC${M3}</zone>${M3}</invoke>\n${M3}</tool_call>`,
    thought: '<mm:think>Let me think</mm:think>It rains',
  },
  'Mistral-Small-3.2-24B-Instruct-2506': named((index) => `[CALL_ID]00000000${index}`),
  'NVIDIA-Nemotron-3-Nano-30B-A3B-BF16': { ...lines, thought: THINK },
  'NVIDIA-Nemotron-Nano-v2': { ...listOf('<TOOLCALL>', '</TOOLCALL>'), thought: THINK },
  'NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use': hermes,
  'NousResearch-Hermes-3-Llama-3.1-8B-tool_use': hermes,
  'Qwen-QwQ-32B': { ...hermes, thought: THINK },
  'Qwen-Qwen2.5-7B-Instruct': hermes,
  'Qwen-Qwen3-0.6B': { ...hermes, thought: THINK },
  'Qwen3-Coder': lines,
  'Qwen3.5-4B': { ...lines, thought: THINK },
  'Reka-Edge': { ...hermes, thought: THINK },
  'Spark2.5': { ...argKeys, thought: '<think>Let me think</think>It rains' },
  'StepFun3.5-Flash': { ...lines, thought: THINK },
  'deepseek-ai-DeepSeek-R1-Distill-Llama-8B': r1,
  'deepseek-ai-DeepSeek-R1-Distill-Qwen-32B': r1,
  'deepseek-ai-DeepSeek-V3.1': {
    call: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>${PARIS}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    two: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>${PARIS}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>${UTC}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    thought: '<think>Let me think</think>It rains',
  },
  'deepseek-ai-DeepSeek-V3.2': dsml('function_calls'),
  'deepseek-ai-DeepSeek-V4': dsml('tool_calls'),
  'deepseek-ai-DeepSeek-V4-Flash-0731': dsml('tool_calls'),
  'fireworks-ai-llama-3-firefunction-v2': listOf(' functools', ''),
  'google-gemma-2-2b-it': {},
  'google-gemma-4-31B-it': gemma,
  'google-gemma-4-31B-it-interleaved': gemma,
  'ibm-granite-granite-3.3-2B-Instruct': {
    ...listOf('<|tool_call|>', ''),
    thought: '<think>Let me think</think>\n<response>It rains</response>',
  },
  'ibm-granite-granite-4.0': hermes,
  'ibm-granite-granite-4.1': hermes,
  'inclusionai-ling-3.0-flash': {
    call: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value><arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
    two: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value><arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n<tool_call>get_time\n<arg_key>zone</arg_key>\n<arg_value>UTC</arg_value>\n</tool_call>',
    thought: '<think>Let me think</think>It rains',
  },
  'llama-cpp-deepseek-r1': r1,
  'llama-cpp-rwkv-world': { thought: ' <think>Let me think</think>It rains' },
  'meetkai-functionary-medium-v3.1': {
    call: `<function=get_weather>${PARIS}</function>`,
    two: `<function=get_weather>${PARIS}</function><function=get_time>${UTC}</function>`,
  },
  'meetkai-functionary-medium-v3.2': {
    call: `>>>get_weather\n${PARIS}`,
    two: `>>>get_weather\n${PARIS}>>>get_time\n${UTC}`,
  },
  'meta-llama-Llama-3.1-8B-Instruct': llama,
  'meta-llama-Llama-3.2-3B-Instruct': llama,
  'meta-llama-Llama-3.3-70B-Instruct': llama,
  'microsoft-Phi-3.5-mini-instruct': {},
  'mistralai-Ministral-3-14B-Reasoning-2512': { ...named(() => ''), thought: '[THINK]Let me think[/THINK]It rains' },
  'mistralai-Mistral-Nemo-Instruct-2407': {
    call: `[TOOL_CALLS][{"name": "get_weather", "arguments": ${PARIS}, "id": "abcdefgh1"}]`,
    two: `[TOOL_CALLS][{"name": "get_weather", "arguments": ${PARIS}, "id": "abcdefgh1"}, {"name": "get_time", "arguments": ${UTC}, "id": "abcdefgh2"}]`,
  },
  'moonshotai-Kimi-K2': kimi,
  'muse-glimmer': {
    call: '<|start|>assistant to=get_weather<|message|><atem:function_calls>\n<atem:invoke name="get_weather">\n<atem:parameter name="city">Paris</atem:parameter>\n<atem:parameter name="days">2</atem:parameter>\n</atem:invoke>\n</atem:function_calls>',
    two: '<|start|>assistant to=get_weather<|message|><atem:function_calls>\n<atem:invoke name="get_weather">\n<atem:parameter name="city">Paris</atem:parameter>\n<atem:parameter name="days">2</atem:parameter>\n</atem:invoke>\n</atem:function_calls><|eom|><|start|>assistant to=get_time<|message|><atem:function_calls>\n<atem:invoke name="get_time">\n<atem:parameter name="zone">UTC</atem:parameter>\n</atem:invoke>\n</atem:function_calls>',
    thought: '<|start|>assistant to=self<|message|>Let me think<|eom|><|start|>assistant to=user<|message|>It rains',
  },
  'openai-gpt-oss-120b': {
    call: `<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>${PARIS}`,
    thought:
      '<|start|>assistant<|channel|>analysis<|message|>Let me think<|end|><|start|>assistant<|channel|>final<|message|>It rains',
  },
  'openbmb-MiniCPM5-1B': {
    call: '<function name="get_weather"><param name="city">Paris</param><param name="days">2</param></function>',
    two: '<function name="get_weather"><param name="city"><![CDATA[Paris]]></param><param name="days">2</param></function>\n<function name="get_time"><param name="zone">UTC</param></function>',
    thought: THINK,
  },
  'poolside-Laguna-S-2.1': { ...argKeys, thought: '<think>Let me think</think>It rains' },
  'poolside-Laguna-XS-2.1': { ...argKeys, thought: '<think>Let me think</think>It rains' },
  'poolside-Laguna-XS.2': { ...argKeyLines, thought: '<think>\nLet me think\n</think>\nIt rains' },
  'tencent-Hy3': {
    call: '<tool_calls:opensource>\n<tool_call:opensource>get_weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Paris</arg_value:opensource>\n<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>2</arg_value:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>',
    two: '<tool_calls:opensource>\n<tool_call:opensource>get_weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Paris</arg_value:opensource>\n<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>2</arg_value:opensource>\n</tool_call:opensource>\n<tool_call:opensource>get_time<tool_sep:opensource>\n<arg_key:opensource>zone</arg_key:opensource>\n<arg_value:opensource>UTC</arg_value:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>',
    thought: '<think:opensource>Let me think</think:opensource>It rains',
  },
  'unsloth-Apriel-1.5': apriel,
  'unsloth-mistral-Devstral-Small-2507': named(() => ''),
  'upstage-Solar-Open-100B': {
    call: `<|tool_calls|><|tool_call:begin|>abcdefgh1<|tool_call:name|>get_weather<|tool_call:args|>${PARIS}<|tool_call:end|><|calls|>`,
    two: `<|tool_calls|><|tool_call:begin|>abcdefgh1<|tool_call:name|>get_weather<|tool_call:args|>${PARIS}<|tool_call:end|><|tool_call:begin|>abcdefgh2<|tool_call:name|>get_time<|tool_call:args|>${UTC}<|tool_call:end|><|calls|>`,
    thought: '<|think|>Let me think<|end|><|begin|>assistant<|content|>It rains<|end|>',
  },
};
