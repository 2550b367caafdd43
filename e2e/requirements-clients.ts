/** What clients of other APIs are promised, and what holds in all chat APIs alike. */
export const clientRequirements = [
  {
    source: 'https://platform.openai.com/docs/api-reference/chat',
    promises: {
      'openai.completion': 'a completion has the shape that OpenAI documents',
      'openai.stream': 'a stream adds up to the completion without streaming',
      'openai.include-usage': 'stream_options.include_usage counts the tokens in a last chunk',
      'openai.stop': 'stop ends the answer before the text that it names',
      'openai.max-tokens': 'max_tokens and max_completion_tokens cut the answer and say so',
      'openai.json-schema': 'response_format makes an answer that parses and fits its schema',
      'openai.json-schema-forced': 'a schema holds whatever the question is',
      'openai.tools': "a model calls the caller's tool and answers with its result",
      'openai.tools-streamed': 'streamed pieces of a tool call add up to the call',
      'openai.tool-choice': 'tool_choice forbids, demands and names calls',
      'openai.integrations': 'integrations run MCP tools on the server as in the chat of LM Studio',
      'openai.models': 'the client lists the models',
      'openai.errors': "refusals arrive as the client's own error classes",
    },
  },
  {
    source: 'https://platform.claude.com/docs/en/api/messages',
    promises: {
      'anthropic.message': 'a message has the shape that Anthropic documents',
      'anthropic.stream': 'a streamed message has the events of the documentation and adds up to the whole',
      'anthropic.stop': 'stop_sequences and max_tokens end a message and say so',
      'anthropic.system':
        'what an agent sends for its own service is neither in the prompt nor in the way of its cache',
      'anthropic.warm-up': 'max_tokens: 0 reads a prompt into the cache and answers with nothing',
      'anthropic.count': 'count_tokens counts what the message then costs',
      'anthropic.tools': "a model calls the caller's tool and goes on with its result",
      'anthropic.tool-runner': "the client's runner of tools comes to the answer",
      'anthropic.tools-streamed': 'streamed pieces of a tool_use block add up to the call',
      'anthropic.tool-choice': 'every tool_choice does what it says',
      'anthropic.integrations': 'integrations run MCP tools on the server, and the message shows what came of them',
      'anthropic.models': "the client lists the models, and aliases stand for Claude's names",
      'anthropic.tolerant': 'unknown betas are accepted, keys without effect are listed, and a key may come as Bearer',
      'anthropic.errors': "refusals of messages arrive as the client's own error classes",
    },
  },
  {
    source: 'docs/architecture.md#chat-apis',
    promises: {
      'permissions.model': 'a model that the token may not use is a 403 that names the rule',
      'permissions.tool': 'a tool runs for the token that may call it, and a plugin that it may not call is a 403',
      'permissions.argument': 'an argument that the grant forbids never reaches the tool',
      'permissions.budget': 'a budget that is used up is a 429',
      'permissions.revoked': 'a token that is revoked ends its running stream',
      'permissions.approval': 'a call that a person approves is made once, and not before',
    },
  },
] as const;
