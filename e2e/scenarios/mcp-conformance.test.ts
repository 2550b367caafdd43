import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type AuthorizingProxy, startAuthorizingProxy } from '../support/authorizing-proxy.ts';
import { type ExpectedFailures, runConformance } from '../support/conformance.ts';
import { conformanceFixture } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const NO_RESOURCES = '/mcp offers tools and nothing else: no resources';
const NO_PROMPTS = '/mcp offers tools and nothing else: no prompts';
const NO_COMPLETION = 'there are no prompts and no resources whose arguments could be completed';
const NO_ELICITATION = '/mcp answers requests and asks its clients nothing';
const NO_LOGGING = 'deprecated by 2026-07-28; /mcp sends no log messages';
const NO_NEED = 'a tool asks Latchkey, which has no capability to offer; what its own client has is never needed';
const NO_SESSION = 'warns: /mcp keeps nothing between requests, so it gives no session id';
const NO_USER = 'there is no user whom the host could ask: it declares no elicitation';

/** By revision of the protocol: its scenarios for servers that fail, and why. */
const SERVER: Readonly<Record<Revision, ExpectedFailures>> = {
  '2025-11-25': {
    'logging-set-level': NO_LOGGING,
    'completion-complete': NO_COMPLETION,
    'tools-call-with-logging': NO_LOGGING,
    'tools-call-sampling': 'deprecated by 2026-07-28; /mcp asks its clients nothing',
    'tools-call-elicitation': NO_ELICITATION,
    'elicitation-sep1034-defaults': NO_ELICITATION,
    'elicitation-sep1330-enums': NO_ELICITATION,
    'server-sse-multiple-streams': NO_SESSION,
    'resources-read-text': NO_RESOURCES,
    'resources-read-binary': NO_RESOURCES,
    'resources-templates-read': NO_RESOURCES,
    'resources-subscribe': NO_RESOURCES,
    'resources-unsubscribe': NO_RESOURCES,
    'prompts-get-simple': NO_PROMPTS,
    'prompts-get-with-args': NO_PROMPTS,
    'prompts-get-embedded-resource': NO_PROMPTS,
    'prompts-get-with-image': NO_PROMPTS,
  },
  '2026-07-28': {
    'server-stateless:sep-2575-server-rejects-undeclared-capability': NO_NEED,
    'server-stateless:sep-2575-missing-capability-http-400': NO_NEED,
    'completion-complete': NO_COMPLETION,
    'resources-list': NO_RESOURCES,
    'resources-read-text': NO_RESOURCES,
    'resources-read-binary': NO_RESOURCES,
    'resources-templates-read': NO_RESOURCES,
    'sep-2164-resource-not-found': NO_RESOURCES,
    'prompts-list': NO_PROMPTS,
    'prompts-get-simple': NO_PROMPTS,
    'prompts-get-with-args': NO_PROMPTS,
    'prompts-get-embedded-resource': NO_PROMPTS,
    'prompts-get-with-image': NO_PROMPTS,
    'caching:sep-2549-prompts-list-caching-hints': NO_PROMPTS,
    'caching:sep-2549-resources-list-caching-hints': NO_RESOURCES,
    'caching:sep-2549-resources-templates-list-caching-hints': NO_RESOURCES,
    'input-required-result-basic-elicitation': NO_ELICITATION,
    'input-required-result-basic-sampling': NO_ELICITATION,
    'input-required-result-basic-list-roots': NO_ELICITATION,
    'input-required-result-request-state': NO_ELICITATION,
    'input-required-result-multiple-input-requests': NO_ELICITATION,
    'input-required-result-multi-round': NO_ELICITATION,
    'input-required-result-missing-input-response': NO_ELICITATION,
    'input-required-result-ignore-extra-params': NO_ELICITATION,
    'input-required-result-non-tool-request': NO_ELICITATION,
    'input-required-result-result-type': NO_ELICITATION,
    'input-required-result-tampered-state': NO_ELICITATION,
    'input-required-result-capability-check': NO_ELICITATION,
  },
};

/**
 * The scenarios for clients, and why one fails. Those under `auth/` are left out: the credentials of a server stand in
 * mcp.json, and the host plays no OAuth flow.
 */
const CLIENT: Readonly<Record<Revision, Readonly<Record<string, string | undefined>>>> = {
  '2025-11-25': {
    initialize: undefined,
    tools_call: undefined,
    'elicitation-sep1034-client-defaults': NO_USER,
    'sse-retry': undefined,
    'json-schema-2020-12-preservation': undefined,
  },
  '2026-07-28': {
    tools_call: undefined,
    'request-metadata': undefined,
    'sep-2322-client-request-state': NO_USER,
    'http-standard-headers': undefined,
    'http-custom-headers': undefined,
    'http-invalid-tool-headers': undefined,
    'json-schema-ref-no-deref': undefined,
    'json-schema-2020-12-preservation': undefined,
  },
};

type Revision = keyof typeof LEAST;

/** So many checks pass at the least: a run that checks nothing is green as well. */
const LEAST = { '2025-11-25': { server: 49, client: 15 }, '2026-07-28': { server: 115, client: 49 } } as const;
const REVISIONS = Object.keys(LEAST) as Revision[];

describe('the conformance suite of the protocol', () => {
  let server: TestServer;
  let proxy: AuthorizingProxy;
  beforeAll(async () => {
    server = await startServer({ mcpServers: { fixture: conformanceFixture() } });
    const token = await createToken(server, 'conformance', withTools({ 'mcp/fixture': { '*': {} } }));
    proxy = await startAuthorizingProxy(server.url, token.token);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  for (const revision of REVISIONS) {
    verifies(
      'mcp.conformance-server',
      async () => {
        using folder = createTemporaryFolder();
        const flags = ['--url', `${proxy.url}/mcp`, '--requirements', revision];
        const outcome = await runConformance('server', flags, SERVER[revision], folder.path);
        expect(outcome, outcome.output).toMatchObject({ exitCode: 0 });
        expect(outcome.passed, outcome.output).toBeGreaterThanOrEqual(LEAST[revision].server);
      },
      revision,
    );

    // One after the other: the suite would start all of its clients at once, and count those that are slow as failed.
    verifies(
      'mcp.conformance-client',
      async () => {
        const client = join(import.meta.dirname, '..', 'support', 'conformance-client.ts');
        let passed = 0;
        for (const [scenario, reason] of Object.entries(CLIENT[revision])) {
          using folder = createTemporaryFolder();
          const expected = reason === undefined ? {} : { [scenario]: reason };
          const of = ['--scenario', scenario, '--spec-version', revision];
          const flags = ['--command', `${process.execPath} ${client}`, ...of];
          const outcome = await runConformance('client', flags, expected, folder.path);
          expect(outcome, outcome.output).toMatchObject({ exitCode: 0 });
          if (reason === undefined) passed += outcome.passed;
        }
        expect(passed).toBeGreaterThanOrEqual(LEAST[revision].client);
      },
      revision,
    );
  }
});
