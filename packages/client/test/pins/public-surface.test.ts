import { expect, it } from 'vitest';
import * as client from '../../src/index.ts';

it('exports these names and no others', () => {
  expect(Object.keys(client).sort()).toEqual([
    'AuthenticationError',
    'ConfigurationError',
    'ConnectionError',
    'LatchkeyError',
    'PermissionError',
    'RateLimitError',
    'ServerError',
    'askServer',
    'checkProfilesWritable',
    'createClient',
    'credentialsFile',
    'findProfile',
    'readProfiles',
    'removeProfile',
    'resolveConnection',
    'saveProfile',
    'serverProofMessage',
  ]);
});
