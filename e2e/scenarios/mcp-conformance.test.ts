import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { startAuthorizingProxy } from '../support/authorizing-proxy.ts';
import { type ExpectedFailures, runConformance } from '../support/conformance.ts';
import { conformanceFixture } from '../support/mcp-servers.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const NO_RESOURCES = '/mcp offers tools and nothing else: no resources';
const NO_PROMPTS = '/mcp offers tools and nothing else: no prompts';
const NO_STREAMS = '/mcp holds no stream that could be resumed: it keeps nothing between requests';
const NO_OAUTH = 'the credentials of a server stand in mcp.json: the host plays no OAuth flow';
const NO_ELICITATION = '/mcp answers requests and asks its clients nothing';

const SERVER: ExpectedFailures = {
  'logging-set-level': 'deprecated by 2026-07-28; /mcp sends no log messages',
  'completion-complete': 'there are no prompts and no resources whose arguments could be completed',
  'tools-call-with-logging': 'deprecated by 2026-07-28; /mcp sends no log messages',
  'tools-call-with-progress': 'the progress of a call is not passed on',
  'tools-call-sampling': 'deprecated by 2026-07-28; /mcp asks its clients nothing',
  'tools-call-elicitation': NO_ELICITATION,
  'elicitation-sep1034-defaults': NO_ELICITATION,
  'elicitation-sep1330-enums': NO_ELICITATION,
  'server-sse-polling': NO_STREAMS,
  'server-sse-multiple-streams': NO_STREAMS,
  'resources-list': NO_RESOURCES,
  'resources-read-text': NO_RESOURCES,
  'resources-read-binary': NO_RESOURCES,
  'resources-templates-read': NO_RESOURCES,
  'resources-subscribe': NO_RESOURCES,
  'resources-unsubscribe': NO_RESOURCES,
  'prompts-list': NO_PROMPTS,
  'prompts-get-simple': NO_PROMPTS,
  'prompts-get-with-args': NO_PROMPTS,
  'prompts-get-embedded-resource': NO_PROMPTS,
  'prompts-get-with-image': NO_PROMPTS,
};

const CLIENT: ExpectedFailures = {
  'elicitation-sep1034-client-defaults': 'there is no user whom the host could ask: it declares no elicitation',
  'auth/metadata-default': NO_OAUTH,
  'auth/metadata-var1': NO_OAUTH,
  'auth/metadata-var2': NO_OAUTH,
  'auth/metadata-var3': NO_OAUTH,
  'auth/basic-cimd': NO_OAUTH,
  'auth/scope-from-www-authenticate': NO_OAUTH,
  'auth/scope-from-scopes-supported': NO_OAUTH,
  'auth/scope-omitted-when-undefined': NO_OAUTH,
  'auth/scope-step-up': NO_OAUTH,
  'auth/scope-retry-limit': NO_OAUTH,
  'auth/token-endpoint-auth-basic': NO_OAUTH,
  'auth/token-endpoint-auth-post': NO_OAUTH,
  'auth/token-endpoint-auth-none': NO_OAUTH,
  'auth/pre-registration': NO_OAUTH,
};

describe('the conformance suite of the protocol', () => {
  verifies('mcp.conformance-server', async () => {
    using folder = createTemporaryFolder();
    await using server = await startServer({ mcpServers: { fixture: conformanceFixture() } });
    const token = await createToken(server, 'conformance', withTools({ 'mcp/fixture': { '*': {} } }));
    await using proxy = await startAuthorizingProxy(server.url, token.token);
    const outcome = await runConformance(
      'server',
      ['--url', `${proxy.url}/mcp`, '--suite', 'all'],
      SERVER,
      folder.path,
    );
    expect(outcome, outcome.output).toMatchObject({ exitCode: 0 });
    expect(outcome.passed).toBeGreaterThanOrEqual(15);
  });

  verifies('mcp.conformance-client', async () => {
    using folder = createTemporaryFolder();
    const client = join(import.meta.dirname, '..', 'support', 'conformance-client.ts');
    const command = `${process.execPath} ${client}`;
    const outcome = await runConformance('client', ['--command', command, '--suite', 'core'], CLIENT, folder.path);
    expect(outcome, outcome.output).toMatchObject({ exitCode: 0 });
    expect(outcome.passed).toBeGreaterThanOrEqual(5);
  });
});
