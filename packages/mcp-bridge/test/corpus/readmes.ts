/** The snippet of one server's README, as it stands there, and what is expected of it. */
export interface Snippet {
  /** Where the snippet is public: owner and name on GitHub, or a documentation site. */
  readonly source: string;
  readonly text: string;
  /** Label to transport. */
  readonly servers: Readonly<Record<string, 'stdio' | 'http' | 'sse'>>;
  /** Label to words of its problem: what the user must still fill in. */
  readonly problems?: Readonly<Record<string, string>>;
  /** Words of the warnings, in order. */
  readonly warnings?: readonly string[];
}

const npx = (label: string, name: string, more = ''): string =>
  `{ "mcpServers": { "${label}": { "command": "npx", "args": ["-y", "${name}"]${more} } } }`;
const stdio = (label: string) => ({ [label]: 'stdio' as const });
const http = (label: string) => ({ [label]: 'http' as const });

/** The snippets of well-known servers. */
export const snippets: readonly Snippet[] = [
  {
    source: 'modelcontextprotocol/servers filesystem',
    text: `{ "mcpServers": { "filesystem": { "command": "npx", "args": [ "-y", "@modelcontextprotocol/server-filesystem",
      "/Users/username/Desktop", "/path/to/other/allowed/dir" ] } } }`,
    servers: stdio('filesystem'),
  },
  {
    source: 'modelcontextprotocol/servers filesystem, VS Code',
    text: `{ "servers": { "filesystem": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem",
      "\${workspaceFolder}"] } } }`,
    servers: stdio('filesystem'),
  },
  {
    source: 'modelcontextprotocol/servers memory',
    text: npx(
      'memory',
      '@modelcontextprotocol/server-memory',
      ', "env": { "MEMORY_FILE_PATH": "/path/to/custom/memory.jsonl" }',
    ),
    servers: stdio('memory'),
  },
  {
    source: 'modelcontextprotocol/servers sequentialthinking',
    text: npx('sequential-thinking', '@modelcontextprotocol/server-sequential-thinking'),
    servers: stdio('sequential-thinking'),
  },
  {
    source: 'modelcontextprotocol/servers everything',
    text: npx('everything', '@modelcontextprotocol/server-everything'),
    servers: stdio('everything'),
  },
  {
    source: 'modelcontextprotocol/servers fetch',
    text: '{ "mcpServers": { "fetch": { "command": "uvx", "args": ["mcp-server-fetch"] } } }',
    servers: stdio('fetch'),
  },
  {
    source: 'modelcontextprotocol/servers git',
    text: `{ "mcpServers": { "git": { "command": "uvx", "args": ["mcp-server-git", "--repository", "path/to/git/repo"] } } }`,
    servers: stdio('git'),
  },
  {
    source: 'modelcontextprotocol/servers git, docker',
    text: `{ "mcpServers": { "git": { "command": "docker", "args": ["run", "--rm", "-i", "--mount",
      "type=bind,src=/Users/username,dst=/Users/username", "mcp/git"] } } }`,
    servers: stdio('git'),
  },
  {
    source: 'modelcontextprotocol/servers time',
    text: `{ "mcpServers": { "time": { "command": "uvx", "args": ["mcp-server-time", "--local-timezone=America/New_York"] } } }`,
    servers: stdio('time'),
  },
  {
    source: 'modelcontextprotocol/servers-archived postgres, VS Code settings',
    text: `{ "mcp": { "inputs": [ { "type": "promptString", "id": "pg_url", "description": "PostgreSQL URL" } ],
      "servers": { "postgres": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres", "\${input:pg_url}"] } } } }`,
    servers: stdio('postgres'),
    problems: { postgres: 'MCP_INPUT_PG_URL' },
  },
  {
    source: 'modelcontextprotocol/servers-archived sqlite',
    text: `{ "mcpServers": { "sqlite": { "command": "uv", "args": ["--directory", "parent_of_servers_repo/servers/src/sqlite",
      "run", "mcp-server-sqlite", "--db-path", "~/test.db"] } } }`,
    servers: stdio('sqlite'),
  },
  {
    source: 'modelcontextprotocol/servers-archived slack',
    text: npx(
      'slack',
      '@modelcontextprotocol/server-slack',
      ', "env": { "SLACK_BOT_TOKEN": "xoxb-your-bot-token", "SLACK_TEAM_ID": "T01234567", "SLACK_CHANNEL_IDS": "C01234567, C76543210" }',
    ),
    servers: stdio('slack'),
  },
  {
    source: 'modelcontextprotocol/servers-archived puppeteer',
    text: npx(
      'puppeteer',
      '@modelcontextprotocol/server-puppeteer',
      `, "env": { "PUPPETEER_LAUNCH_OPTIONS": "{ \\"headless\\": false }", "ALLOW_DANGEROUS": true }`,
    ),
    servers: stdio('puppeteer'),
  },
  {
    source: 'github/github-mcp-server, remote',
    text: `{ "servers": { "github": { "type": "http", "url": "https://api.githubcopilot.com/mcp/" } } }`,
    servers: http('github'),
  },
  {
    source: 'github/github-mcp-server, remote with a token',
    text: `{ "servers": { "github": { "type": "http", "url": "https://api.githubcopilot.com/mcp/",
      "headers": { "Authorization": "Bearer \${input:github_mcp_pat}" } } },
      "inputs": [ { "type": "promptString", "id": "github_mcp_pat", "description": "GitHub Personal Access Token", "password": true } ] }`,
    servers: http('github'),
    problems: { github: 'MCP_INPUT_GITHUB_MCP_PAT' },
  },
  {
    source: 'github/github-mcp-server, docker',
    text: `{ "mcp": { "inputs": [ { "type": "promptString", "id": "github_token", "description": "GitHub Personal Access Token",
      "password": true } ], "servers": { "github": { "command": "docker", "args": ["run", "-i", "--rm", "-e",
      "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server"],
      "env": { "GITHUB_PERSONAL_ACCESS_TOKEN": "\${input:github_token}" } } } } }`,
    servers: stdio('github'),
    problems: { github: 'MCP_INPUT_GITHUB_TOKEN' },
  },
  {
    source: 'microsoft/playwright-mcp',
    text: '{ "mcpServers": { "playwright": { "command": "npx", "args": ["@playwright/mcp@latest"] } } }',
    servers: stdio('playwright'),
  },
  {
    source: 'microsoft/playwright-mcp, opencode',
    text: `{ "$schema": "https://opencode.ai/config.json", "mcp": { "playwright": { "type": "local",
      "command": ["npx", "@playwright/mcp@latest"], "enabled": true } } }`,
    servers: stdio('playwright'),
  },
  {
    source: 'microsoft/playwright-mcp, standalone',
    text: '{ "mcpServers": { "playwright": { "url": "http://localhost:8931/mcp" } } }',
    servers: http('playwright'),
  },
  {
    source: 'microsoft/mcp Azure',
    text: npx('Azure MCP Server', '@azure/mcp@latest'.replace('-y', ''), '').replace(
      '@azure/mcp@latest"]',
      '@azure/mcp@latest", "server", "start"]',
    ),
    servers: stdio('Azure MCP Server'),
  },
  {
    source: 'microsoft/azure-devops-mcp',
    text: `{ "inputs": [ { "id": "ado_org", "type": "promptString", "description": "Azure DevOps organization name (e.g. 'contoso')" } ],
      "servers": { "ado": { "type": "stdio", "command": "npx", "args": ["-y", "@azure-devops/mcp", "\${input:ado_org}"] } } }`,
    servers: stdio('ado'),
    problems: { ado: 'MCP_INPUT_ADO_ORG' },
  },
  {
    source: 'MicrosoftDocs/mcp',
    text: '{ "servers": { "microsoft.docs.mcp": { "type": "http", "url": "https://learn.microsoft.com/api/mcp" } } }',
    servers: http('microsoft.docs.mcp'),
  },
  {
    source: 'microsoft/markitdown',
    text: `{ "mcpServers": { "markitdown": { "command": "docker", "args": ["run", "--rm", "-i", "markitdown-mcp:latest"] } } }`,
    servers: stdio('markitdown'),
  },
  {
    source: 'upstash/context7',
    text: npx('context7', '@upstash/context7-mcp', '').replace(
      'context7-mcp"',
      'context7-mcp", "--api-key", "YOUR_API_KEY"',
    ),
    servers: stdio('context7'),
  },
  {
    source: 'upstash/context7, Cursor remote',
    text: `{ "mcpServers": { "context7": { "url": "https://mcp.context7.com/mcp", "headers": { "CONTEXT7_API_KEY": "YOUR_API_KEY" } } } }`,
    servers: http('context7'),
  },
  {
    source: 'upstash/context7, Windsurf',
    text: `{ "mcpServers": { "context7": { "serverUrl": "https://mcp.context7.com/mcp", "headers": { "CONTEXT7_API_KEY": "YOUR_API_KEY" } } } }`,
    servers: http('context7'),
  },
  {
    source: 'upstash/context7, Gemini CLI',
    text: `{ "mcpServers": { "context7": { "httpUrl": "https://mcp.context7.com/mcp", "headers": { "CONTEXT7_API_KEY": "YOUR_API_KEY",
      "Accept": "application/json, text/event-stream" } } } }`,
    servers: http('context7'),
    warnings: ['headers.Accept has no effect'],
  },
  {
    source: 'upstash/context7, Cline',
    text: `{ "mcpServers": { "github.com/upstash/context7-mcp": { "command": "npx", "args": ["-y", "@upstash/context7-mcp"],
      "disabled": false, "autoApprove": [] } } }`,
    servers: stdio('github.com/upstash/context7-mcp'),
    warnings: ['autoApprove has no effect'],
  },
  {
    source: 'upstash/context7, Zed',
    text: `{ "context_servers": { "Context7": { "source": "custom", "command": "npx", "args": ["-y", "@upstash/context7-mcp"] } } }`,
    servers: stdio('Context7'),
    warnings: ['source is not known'],
  },
  {
    source: 'upstash/context7, Roo Code',
    text: `{ "mcpServers": { "context7": { "type": "streamable-http", "url": "https://mcp.context7.com/mcp" } } }`,
    servers: http('context7'),
  },
  {
    source: 'upstash/context7, Amazon Q',
    text: `{ "mcpServers": { "context7": { "command": "npx", "args": ["-y", "@upstash/context7-mcp"], "timeout": 60000 } } }`,
    servers: stdio('context7'),
    warnings: ['taken for milliseconds'],
  },
  {
    source: 'ChromeDevTools/chrome-devtools-mcp',
    text: npx('chrome-devtools', 'chrome-devtools-mcp@latest'),
    servers: stdio('chrome-devtools'),
  },
  {
    source: 'makenotion/notion-mcp-server',
    text: npx('notionApi', '@notionhq/notion-mcp-server', ', "env": { "NOTION_TOKEN": "ntn_****" }'),
    servers: stdio('notionApi'),
  },
  {
    source: 'developers.notion.com',
    text: '{ "mcpServers": { "Notion": { "url": "https://mcp.notion.com/mcp" } } }',
    servers: http('Notion'),
  },
  {
    source: 'developers.notion.com, by mcp-remote',
    text: npx('notion', 'mcp-remote').replace('mcp-remote"', 'mcp-remote", "https://mcp.notion.com/mcp"'),
    servers: stdio('notion'),
  },
  {
    source: 'linear.app',
    text: npx('linear', 'mcp-remote').replace('mcp-remote"', 'mcp-remote", "https://mcp.linear.app/mcp"'),
    servers: stdio('linear'),
  },
  {
    source: 'getsentry/sentry-mcp',
    text: '{ "mcpServers": { "sentry": { "url": "https://mcp.sentry.dev/mcp" } } }',
    servers: http('sentry'),
  },
  {
    source: 'figma.com',
    text: '{ "servers": { "figma": { "type": "http", "url": "http://127.0.0.1:3845/mcp" } } }',
    servers: http('figma'),
  },
  {
    source: 'GLips/Figma-Context-MCP',
    text: `{ "mcpServers": { "Framelink MCP for Figma": { "command": "npx", "args": ["-y", "figma-developer-mcp", "--figma-api-key=YOUR-KEY", "--stdio"] } } }`,
    servers: stdio('Framelink MCP for Figma'),
  },
  {
    source: 'firecrawl/firecrawl-mcp-server',
    text: npx(
      'firecrawl-mcp',
      'firecrawl-mcp',
      ', "env": { "FIRECRAWL_API_KEY": "YOUR-API-KEY", "FIRECRAWL_RETRY_MAX_ATTEMPTS": 5 }',
    ),
    servers: stdio('firecrawl-mcp'),
  },
  {
    source: 'exa-labs/exa-mcp-server',
    text: '{ "mcpServers": { "exa": { "type": "http", "url": "https://mcp.exa.ai/mcp", "headers": {} } } }',
    servers: http('exa'),
  },
  {
    source: 'brave/brave-search-mcp-server',
    text: `{ "mcpServers": { "brave-search": { "command": "docker", "args": ["run", "-i", "--rm", "-e", "BRAVE_API_KEY", "docker.io/mcp/brave-search"],
      "env": { "BRAVE_API_KEY": "YOUR_API_KEY_HERE" } } } }`,
    servers: stdio('brave-search'),
  },
  {
    source: 'tavily-ai/tavily-mcp',
    text: npx('tavily-remote', 'mcp-remote').replace(
      'mcp-remote"',
      'mcp-remote", "https://mcp.tavily.com/mcp/?tavilyApiKey=<your-api-key>"',
    ),
    servers: stdio('tavily-remote'),
  },
  {
    source: 'supabase-community/supabase-mcp',
    text: '{ "mcpServers": { "supabase": { "type": "http", "url": "https://mcp.supabase.com/mcp?read_only=true" } } }',
    servers: http('supabase'),
  },
  {
    source: 'stripe/agent-toolkit',
    text: '{ "mcpServers": { "stripe": { "url": "https://mcp.stripe.com" } } }',
    servers: http('stripe'),
  },
  {
    source: 'cloudflare/mcp-server-cloudflare',
    text: npx('cloudflare-observability', 'mcp-remote').replace(
      '"-y", "mcp-remote"',
      '"mcp-remote", "https://observability.mcp.cloudflare.com/mcp"',
    ),
    servers: stdio('cloudflare-observability'),
  },
  {
    source: 'vercel/mcp-handler, with the header that it asks for',
    text: `{ "mcpServers": { "vercel": { "url": "https://mcp.vercel.com", "headers": { "Accept": "application/json, text/event-stream",
      "Content-Type": "application/json" } } } }`,
    servers: http('vercel'),
    warnings: ['headers.Accept has no effect', 'headers.Content-Type has no effect'],
  },
  {
    source: 'mongodb-js/mongodb-mcp-server',
    text: npx('MongoDB', 'mongodb-mcp-server@latest')
      .replace('@latest"', '@latest", "--readOnly"')
      .replace('] }', '], "env": { "MDB_MCP_CONNECTION_STRING": "mongodb://localhost:27017/myDatabase" } }'),
    servers: stdio('MongoDB'),
  },
  {
    source: 'redis/mcp-redis',
    text: `{ "mcpServers": { "redis-mcp-server": { "type": "stdio", "command": "uvx", "args": ["--from", "redis-mcp-server@latest", "redis-mcp-server",
      "--url", "redis://localhost:6379/0"] } } }`,
    servers: stdio('redis-mcp-server'),
  },
  {
    source: 'qdrant/mcp-server-qdrant',
    text: `{ "qdrant": { "command": "uvx", "args": ["mcp-server-qdrant"], "env": { "QDRANT_URL": "https://xyz.qdrant.io:6333",
      "QDRANT_API_KEY": "your_api_key", "COLLECTION_NAME": "your-collection-name" } } }`,
    servers: stdio('qdrant'),
  },
  {
    source: 'googleapis/genai-toolbox',
    text: `{ "mcpServers": { "sqlite": { "command": "./PATH/TO/toolbox", "args": ["--prebuilt", "sqlite", "--stdio"],
      "env": { "SQLITE_DATABASE": "./sample.db" } } } }`,
    servers: stdio('sqlite'),
  },
  {
    source: 'awslabs/mcp',
    text: `{ "mcpServers": { "awslabs.aws-documentation-mcp-server": { "command": "uvx", "args": ["awslabs.aws-documentation-mcp-server@latest"],
      "env": { "FASTMCP_LOG_LEVEL": "ERROR", "AWS_DOCUMENTATION_PARTITION": "aws" }, "disabled": false, "autoApprove": [] } } }`,
    servers: stdio('awslabs.aws-documentation-mcp-server'),
    warnings: ['autoApprove has no effect'],
  },
  {
    source: 'hashicorp/terraform-mcp-server',
    text: `{ "mcp": { "servers": { "terraform": { "command": "docker", "args": ["run", "-i", "--rm", "-e", "TFE_TOKEN=\${input:tfe_token}", "hashicorp/terraform-mcp-server:0.3.3"] } },
      "inputs": [ { "type": "promptString", "id": "tfe_token", "description": "Terraform API Token", "password": true } ] } }`,
    servers: stdio('terraform'),
    problems: { terraform: 'MCP_INPUT_TFE_TOKEN' },
  },
  {
    source: 'grafana/mcp-grafana',
    text: `{ "mcpServers": { "grafana": { "command": "uvx", "args": ["mcp-grafana"], "env": { "GRAFANA_URL": "http://localhost:3000",
      "GRAFANA_SERVICE_ACCOUNT_TOKEN": "<your service account token>" } } } }`,
    servers: stdio('grafana'),
  },
  {
    source: 'sooperset/mcp-atlassian',
    text: `{ "mcpServers": { "mcp-atlassian": { "command": "docker", "args": ["run", "--rm", "-i", "-e", "JIRA_URL", "ghcr.io/sooperset/mcp-atlassian:latest"],
      "env": { "JIRA_URL": "https://your-company.atlassian.net", "JIRA_SSL_VERIFY": false } } } }`,
    servers: stdio('mcp-atlassian'),
  },
  {
    source: 'atlassian/atlassian-mcp-server',
    text: '{ "mcpServers": { "Atlassian-MCP-Server": { "url": "https://mcp.atlassian.com/v1/sse" } } }',
    servers: http('Atlassian-MCP-Server'),
  },
  {
    source: 'gitlab.com docs',
    text: '{ "mcpServers": { "GitLab": { "type": "http", "url": "https://gitlab.com/api/v4/mcp" } } }',
    servers: http('GitLab'),
  },
  {
    source: 'zereight/gitlab-mcp',
    text: npx(
      'GitLab communication server',
      '@zereight/mcp-gitlab',
      ', "env": { "GITLAB_PERSONAL_ACCESS_TOKEN": "x", "GITLAB_READ_ONLY_MODE": false, "USE_PIPELINE": null }',
    ),
    servers: stdio('GitLab communication server'),
  },
  {
    source: 'oraios/serena',
    text: `{ "mcpServers": { "serena": { "command": "uvx", "args": ["--from", "git+https://github.com/oraios/serena", "serena", "start-mcp-server", "--context", "ide-assistant", "--project", "\${workspaceFolder}"] } } }`,
    servers: stdio('serena'),
  },
  {
    source: 'wonderwhy-er/DesktopCommanderMCP',
    text: npx('desktop-commander', '@wonderwhy-er/desktop-commander@latest'),
    servers: stdio('desktop-commander'),
  },
  {
    source: 'ahujasid/blender-mcp',
    text: '{ "mcpServers": { "blender": { "command": "uvx", "args": ["blender-mcp"] } } }',
    servers: stdio('blender'),
  },
  {
    source: 'smithery.ai',
    text: `{ "mcpServers": { "@smithery-ai/server-sequential-thinking": { "type": "streamableHttp",
      "url": "https://server.smithery.ai/@smithery-ai/server-sequential-thinking/mcp" } } }`,
    servers: http('@smithery-ai/server-sequential-thinking'),
  },
  {
    source: 'xpzouying/xiaohongshu-mcp',
    text: '{ "mcpServers": { "小红书": { "type": "streamableHttp", "url": "http://localhost:18060/mcp" } } }',
    servers: http('小红书'),
  },
  {
    source: 'sveltejs/mcp, Zed',
    text: '{ "svelte": { "command": "npx", "args": ["-y", "@sveltejs/mcp"] } }',
    servers: stdio('svelte'),
  },
  {
    source: 'docker/mcp-gateway',
    text: '{ "mcpServers": { "MCP_DOCKER": { "command": "docker", "args": ["mcp", "gateway", "run"], "type": "stdio" } } }',
    servers: stdio('MCP_DOCKER'),
  },
  {
    source: 'huggingface.co',
    text: `{ "mcpServers": { "hf-mcp-server": { "url": "https://huggingface.co/mcp", "headers": { "Authorization": "Bearer \${HF_TOKEN}" } } } }`,
    servers: http('hf-mcp-server'),
    problems: { 'hf-mcp-server': 'HF_TOKEN is not set' },
  },
  {
    source: 'PostHog/mcp',
    text: `{ "mcpServers": { "posthog": { "command": "npx", "args": ["-y", "mcp-remote@latest", "https://mcp.posthog.com/mcp", "--header",
      "Authorization:\${POSTHOG_AUTH_HEADER}"], "env": { "POSTHOG_AUTH_HEADER": "Bearer {INSERT_YOUR_PERSONAL_API_KEY_HERE}" } } } }`,
    servers: stdio('posthog'),
  },
  {
    source: 'deepwiki.com',
    text: '{ "mcpServers": { "deepwiki": { "serverUrl": "https://mcp.deepwiki.com/sse", "type": "sse" } } }',
    servers: { deepwiki: 'sse' },
  },
  {
    source: 'neondatabase/mcp-server-neon',
    text: '{ "mcpServers": { "Neon": { "type": "HTTP", "url": "https://mcp.neon.tech/mcp", "headers": { "Authorization": "Bearer <$NEON_API_KEY>" } } } }',
    servers: http('Neon'),
  },
];
