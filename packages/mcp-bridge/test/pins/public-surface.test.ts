import { expect, it } from 'vitest';
import * as bridge from '../../src/index.ts';
import * as testing from '../../src/testing/index.ts';

it('exports these names and no others', () => {
  expect(Object.keys(bridge).sort()).toEqual([
    'BridgeError',
    'JsoncError',
    'LoginError',
    'McpLogins',
    'SHARED_ACCOUNT',
    'accountOf',
    'addServerToMcpJson',
    'createAddressPolicy',
    'createMcpHost',
    'createMemoryLoginStore',
    'createOAuthRequests',
    'createPinnedFetch',
    'describeSandbox',
    'ephemeralServer',
    'excessOf',
    'findMcpServers',
    'loadMcpJson',
    'loginOf',
    'loopbackRedirects',
    'parseJsonc',
    'parseMcpJson',
    'pinAddresses',
    'pluginId',
    'removeServerFromMcpJson',
    'resolveBySystem',
    'systemFetch',
    'watchMcpJson',
  ]);
  expect(Object.keys(testing).sort()).toEqual([
    'badTools',
    'scriptedOpener',
    'scriptedServerPath',
    'scriptedTools',
    'sendJson',
    'startAuthorizationServer',
    'startProtectedServer',
  ]);
});
