CREATE FUNCTION public.latchkey_tell_token() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
      begin
        perform pg_notify('latchkey_tokens', coalesce(new.id, old.id));
        return null;
      end
    $$;
CREATE TABLE public.audit_checkpoints (
    seq bigint NOT NULL,
    hash text NOT NULL,
    seal text NOT NULL
);
CREATE TABLE public.audit_entries (
    seq bigint NOT NULL,
    at text NOT NULL,
    type text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    actor_id text,
    actor_name text,
    actor_owner text,
    root_id text,
    actor_address text,
    project text,
    subject text,
    details_json text
);
CREATE TABLE public.audit_head (
    id integer NOT NULL,
    seq bigint NOT NULL,
    hash text NOT NULL,
    seal text NOT NULL,
    start_seq bigint,
    start_hash text
);
CREATE TABLE public.limit_leases (
    key text NOT NULL,
    lease_id text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.limit_windows (
    key text NOT NULL,
    window_end bigint NOT NULL,
    used bigint NOT NULL
);
CREATE TABLE public.signing_keys (
    sequence integer NOT NULL,
    kid text NOT NULL,
    sealed text NOT NULL,
    created_at text NOT NULL
);
CREATE TABLE public.token_migrations (
    name text NOT NULL,
    applied_at text NOT NULL
);
CREATE TABLE public.tokens (
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    grant_json text NOT NULL,
    owner text NOT NULL,
    project text,
    created_at text NOT NULL,
    created_by text NOT NULL,
    expires_at text,
    revoked_at text,
    last_used_at text,
    version integer NOT NULL,
    notes text,
    attenuation_key text,
    previous_json text,
    sealed text,
    stub text,
    parent_id text,
    caveats_json text,
    rotated_at text,
    rotate_after_seconds bigint
);
INSERT INTO public.audit_entries VALUES (1, '2026-11-28T12:00:00.000Z', 'token.issued', '0000000000000000000000000000000000000000000000000000000000000000', '8180533b217b0ba3990eee84bef5caa2586097e4e95915e861b1aa3faa7eea1b', 'local:operator', 'operator', 'operator', 'local:operator', NULL, 'web', 'yVfncXG1', '{"expiresAt":"2027-12-31T00:00:00.000Z","grant":{"actions":["chat","embeddings","mcp:read","tokens:read","tokens:write"],"digest":"c4cb18de29593761929268ca1b592912c162d41f7794c7d6c1fab096611f26b0","ephemeralMcp":["*.example.com"],"expiresAt":"2028-01-01T00:00:00Z","limits":{"concurrentRequests":2,"maxOutputTokens":2048,"requestsPerMinute":60,"tokensPerDay":1000,"tokensPerMonth":20000,"toolCallsPerRequest":8,"weight":2},"mcp":["mcp/files"],"models":["ibm/*","qwen/qwen3-4b"],"networks":["10.0.0.0/8","fd00::/8"],"notBefore":"2026-01-01T00:00:00Z","projects":["shop-*","web"]},"kind":"api-key","name":"full","owner":"ada"}');
INSERT INTO public.audit_entries VALUES (2, '2026-11-28T12:00:00.000Z', 'token.issued', '8180533b217b0ba3990eee84bef5caa2586097e4e95915e861b1aa3faa7eea1b', '5dfb6bab593f88ee903204d2c15b8c3584d8f8c5f3219e8559cbb0de9f676f3c', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'e2J4Q0vC', '{"grant":{"actions":["*"],"digest":"c405de5178e414b824419f4ce4548a2ca4bcd18f1e85ea57a9e8c2b9ee8f4131","ephemeralMcp":["*"],"mcp":["*"],"models":["*"]},"kind":"api-key","name":"all","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (3, '2026-11-28T12:00:00.000Z', 'token.issued', '5dfb6bab593f88ee903204d2c15b8c3584d8f8c5f3219e8559cbb0de9f676f3c', '70a1cb0310e4397c9048d0390f0ca7355fe8fee9b3764f35266effec25da5dca', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'f57930f60e37461f', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"custom","name":"custom","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (4, '2026-11-28T12:00:00.000Z', 'token.issued', '70a1cb0310e4397c9048d0390f0ca7355fe8fee9b3764f35266effec25da5dca', 'e2ec1c42b669821a0bd08bb8d4a971360e700bec72979e9c1cfa6e60416cda4b', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'jH6DR0NXiq6N', '{"expiresAt":"2027-02-26T12:00:00.000Z","grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"personal-access","name":"personal","owner":"ada"}');
INSERT INTO public.audit_entries VALUES (5, '2026-11-28T12:00:00.000Z', 'token.issued', 'e2ec1c42b669821a0bd08bb8d4a971360e700bec72979e9c1cfa6e60416cda4b', '3ed9d636c9e0fbbdd14ed37782d38bcbe5884b5a6841913bf1e643907dd71e00', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'b6f9620097', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"legacy","name":"legacy","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (6, '2026-11-28T12:00:00.000Z', 'token.exchanged', '3ed9d636c9e0fbbdd14ed37782d38bcbe5884b5a6841913bf1e643907dd71e00', 'fd3a2dea7663180a597a884e928b984e5fa4fcb8122c3d78e37474a4883028ff', 'e2J4Q0vC', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'at_lOBz6XAL8XpvKPzq4Z6rme', '{"audience":["https://latchkey.example"],"expiresAt":"2026-11-28T13:00:00.000Z","kind":"access","name":"all","parent":"e2J4Q0vC"}');
INSERT INTO public.audit_entries VALUES (7, '2026-11-28T12:00:00.000Z', 'token.exchanged', 'fd3a2dea7663180a597a884e928b984e5fa4fcb8122c3d78e37474a4883028ff', 'db6e1fc3fb7a4eadfeef60415b255608b18c19639e1ee3dc5eef36a63fa0a7ff', 'e2J4Q0vC.0f9804be931132378c9f203514432ebc', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'ZnpluZxO', '{"grant":{"actions":["chat"],"digest":"2e605215342c0e8ff9fe14fe0fba73602aa3dbd4ac5552b3477684ec8f45151a","models":["ibm/granite-*"]},"kind":"api-key","name":"exchanged","owner":"operator","parent":"e2J4Q0vC"}');
INSERT INTO public.audit_entries VALUES (8, '2026-11-28T12:00:00.000Z', 'token.issued', 'db6e1fc3fb7a4eadfeef60415b255608b18c19639e1ee3dc5eef36a63fa0a7ff', 'e9544b876d06629efb25d47caa46ce2b7fa68fbd85fa0221d9ed5927a816ba8d', 'e2J4Q0vC.0f9804be931132378c9f203514432ebc', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'OsOabz8N', '{"grant":{"actions":["chat"],"digest":"bf96d6ac900595eb89b0484ab9bb8cfb1bf771e89d0597b87fd21708c4b44060","limits":{"tokensPerDay":50},"models":["ibm/*"]},"kind":"api-key","name":"made by a derived token","owner":"operator","parent":"e2J4Q0vC"}');
INSERT INTO public.audit_entries VALUES (9, '2026-11-28T12:00:00.000Z', 'token.issued', 'e9544b876d06629efb25d47caa46ce2b7fa68fbd85fa0221d9ed5927a816ba8d', '0d9141675ffd8cf3f7b1862512ac53c8efbb0dc5e679f4f10b942188aa29b8bc', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'uVzAUnGb', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"api-key","name":"rotated","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (10, '2026-11-28T12:00:01.000Z', 'token.rotated', '0d9141675ffd8cf3f7b1862512ac53c8efbb0dc5e679f4f10b942188aa29b8bc', '58553af18253c9934ba948569b7974238b3eb733b3dd528dadc375f871da39c4', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'uVzAUnGb', '{"kind":"api-key","name":"rotated","overlapEndsAt":"2026-12-18T12:00:01.000Z"}');
INSERT INTO public.audit_entries VALUES (11, '2026-11-28T12:00:01.000Z', 'token.issued', '58553af18253c9934ba948569b7974238b3eb733b3dd528dadc375f871da39c4', '3dac8d5e02c40038e74db59496182ed0ca532a8f3140f698a220c4368de5b465', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'u2lCWCYk', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"api-key","name":"until first use","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (12, '2026-11-28T12:00:01.000Z', 'token.rotated', '3dac8d5e02c40038e74db59496182ed0ca532a8f3140f698a220c4368de5b465', 'b816904a8123a59c2b380503175184a5cdc5808aaf9e09cfa94399b069ced806', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'u2lCWCYk', '{"kind":"api-key","name":"until first use","overlapEndsAt":"first-use"}');
INSERT INTO public.audit_entries VALUES (13, '2026-11-28T12:00:01.000Z', 'token.issued', 'b816904a8123a59c2b380503175184a5cdc5808aaf9e09cfa94399b069ced806', '38f05e6de4cba54d8832f32f884013c2bb75372289e181d1150f08302848ddb8', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'fLx9QGpY', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"api-key","name":"replaced","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (14, '2026-11-28T12:00:01.000Z', 'token.rotated', '38f05e6de4cba54d8832f32f884013c2bb75372289e181d1150f08302848ddb8', '8ec7404f41d7b760a150cf6788d3617eff491db183fbf71b07cf53eba9266732', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'fLx9QGpY', '{"kind":"api-key","name":"replaced","overlapEndsAt":"2026-11-28T12:00:01.000Z"}');
INSERT INTO public.audit_entries VALUES (15, '2026-11-28T12:00:01.000Z', 'token.issued', '8ec7404f41d7b760a150cf6788d3617eff491db183fbf71b07cf53eba9266732', '12a840d00d34ec755c3d164e0c0492629164eccef6b6a1761cc4918f55cd69b3', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'ghYjFe3C', '{"grant":{"actions":["chat","embeddings","mcp:read","tokens:read","tokens:write"],"digest":"c4cb18de29593761929268ca1b592912c162d41f7794c7d6c1fab096611f26b0","ephemeralMcp":["*.example.com"],"expiresAt":"2028-01-01T00:00:00Z","limits":{"concurrentRequests":2,"maxOutputTokens":2048,"requestsPerMinute":60,"tokensPerDay":1000,"tokensPerMonth":20000,"toolCallsPerRequest":8,"weight":2},"mcp":["mcp/files"],"models":["ibm/*","qwen/qwen3-4b"],"networks":["10.0.0.0/8","fd00::/8"],"notBefore":"2026-01-01T00:00:00Z","projects":["shop-*","web"]},"kind":"api-key","name":"before","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (16, '2026-11-28T12:00:01.000Z', 'token.edited', '12a840d00d34ec755c3d164e0c0492629164eccef6b6a1761cc4918f55cd69b3', 'cc88b534002e406ae8bb01958f81217b6fb36348bb21c7e2db3e75bf2f342129', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'ghYjFe3C', '{"changed":["name","grant","notes"],"grant":{"from":{"actions":["chat","embeddings","mcp:read","tokens:read","tokens:write"],"digest":"c4cb18de29593761929268ca1b592912c162d41f7794c7d6c1fab096611f26b0","ephemeralMcp":["*.example.com"],"expiresAt":"2028-01-01T00:00:00Z","limits":{"concurrentRequests":2,"maxOutputTokens":2048,"requestsPerMinute":60,"tokensPerDay":1000,"tokensPerMonth":20000,"toolCallsPerRequest":8,"weight":2},"mcp":["mcp/files"],"models":["ibm/*","qwen/qwen3-4b"],"networks":["10.0.0.0/8","fd00::/8"],"notBefore":"2026-01-01T00:00:00Z","projects":["shop-*","web"]},"to":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]}},"kind":"api-key","name":{"from":"before","to":"edited"}}');
INSERT INTO public.audit_entries VALUES (17, '2026-11-28T12:00:01.000Z', 'token.issued', 'cc88b534002e406ae8bb01958f81217b6fb36348bb21c7e2db3e75bf2f342129', 'bd74a1a16ae0f1681317090ef701dc3052f4522a94a1c4fc063a44118fe8ffc6', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'Kbozfsyi', '{"grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"api-key","name":"revoked","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (18, '2026-11-28T12:00:01.000Z', 'token.revoked', 'bd74a1a16ae0f1681317090ef701dc3052f4522a94a1c4fc063a44118fe8ffc6', 'af25f38cea9aa646b1bb7a23238ea5b9fbf7784398a802a62284f490db075f51', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'Kbozfsyi', '{"kind":"api-key","name":"revoked"}');
INSERT INTO public.audit_entries VALUES (19, '2026-11-28T12:00:01.000Z', 'token.revoked', 'af25f38cea9aa646b1bb7a23238ea5b9fbf7784398a802a62284f490db075f51', '053f6227fc05f2048708c1cee3930b2d2c451eecd6c1bb5950a9c22356bbee8a', 'e2J4Q0vC.d421b073b4a5c93f057e7234ba3a9766', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'e2J4Q0vC.d421b073b4a5c93f057e7234ba3a9766', '{"kind":"attenuated","name":"all"}');
INSERT INTO public.audit_entries VALUES (20, '2026-11-28T12:00:01.000Z', 'token.exchanged', '053f6227fc05f2048708c1cee3930b2d2c451eecd6c1bb5950a9c22356bbee8a', '2e6c9dbc5dc2574031b7867b71a9e46c507310b071bfb1d66e20b865c7d229cb', 'e2J4Q0vC', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'at_Myunsp7DefDnR62mD4RHjP', '{"audience":["https://latchkey.example"],"expiresAt":"2026-11-28T13:00:01.000Z","kind":"access","name":"all","parent":"e2J4Q0vC"}');
INSERT INTO public.audit_entries VALUES (21, '2026-11-28T12:00:01.000Z', 'token.revoked', '2e6c9dbc5dc2574031b7867b71a9e46c507310b071bfb1d66e20b865c7d229cb', 'a369a7c749fb80b70838b117662db4459bdf4c24c1bf47099845c5236e541e52', 'at_Myunsp7DefDnR62mD4RHjP', 'all', 'operator', 'e2J4Q0vC', NULL, NULL, 'at_Myunsp7DefDnR62mD4RHjP', '{"kind":"access","name":"all"}');
INSERT INTO public.audit_entries VALUES (22, '2026-11-28T12:00:01.000Z', 'token.issued', 'a369a7c749fb80b70838b117662db4459bdf4c24c1bf47099845c5236e541e52', '4b1a88492434cdd06a96265b6a163af3d3fd09ccb31bb69ebc0050c448b83af5', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, 'Q9F4GqEI', '{"expiresAt":"2026-11-28T12:00:30.000Z","grant":{"actions":["chat"],"digest":"1727c2a4b2bbfb06293454d56f438dbc5dcc0a2c3048f294c5f98bbfcdb07bb9","models":["ibm/*"]},"kind":"api-key","name":"expired","owner":"operator"}');
INSERT INTO public.audit_entries VALUES (23, '2026-11-28T12:00:01.000Z', 'keys.rotated', '4b1a88492434cdd06a96265b6a163af3d3fd09ccb31bb69ebc0050c448b83af5', '8bd28b73739fbb98bdf9ecf9b3e168c8017877bd8e4f1a5afbfbd1caf8c2f8ee', 'local:operator', 'operator', 'operator', 'local:operator', NULL, NULL, '8W1-lv6vKdHHjdsuz9IA33Xi-sI0_ynN2UdC8zMO5i0', '{"compromised":false,"signsFrom":"2026-11-28T13:00:01.000Z"}');
INSERT INTO public.audit_entries VALUES (24, '2026-11-28T12:01:01.000Z', 'authentication.refused', '8bd28b73739fbb98bdf9ecf9b3e168c8017877bd8e4f1a5afbfbd1caf8c2f8ee', '8ddf9014ba957bb5c375abf9ac46d94cc477ef3434128aa944cf74f47579a93f', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"code":"AUTH_TOKEN_UNKNOWN"}');
INSERT INTO public.audit_head VALUES (1, 24, '8ddf9014ba957bb5c375abf9ac46d94cc477ef3434128aa944cf74f47579a93f', '3a402d8f58b44ee1db1c78c9ec76726ba12f03508285e212c8df7ba268fe4eaa', NULL, NULL);
INSERT INTO public.limit_leases VALUES ('concurrentRequests yVfncXG1', 'lease-of-before', 1795867231000);
INSERT INTO public.limit_windows VALUES ('concurrentRequests yVfncXG1', 0, 0);
INSERT INTO public.limit_windows VALUES ('requestsPerMinute yVfncXG1', 1795867260000, 1);
INSERT INTO public.limit_windows VALUES ('tokensPerDay yVfncXG1', 1795910400000, 250);
INSERT INTO public.limit_windows VALUES ('tokensPerMonth yVfncXG1', 1796083200000, 250);
INSERT INTO public.limit_windows VALUES ('tokensPerDay e2J4Q0vC.0f9804be931132378c9f203514432ebc', 1795910400000, 30);
INSERT INTO public.limit_windows VALUES ('tokensPerDay OsOabz8N', 1795910400000, 30);
INSERT INTO public.signing_keys VALUES (1, '5FcY5dprA0ebdSSOKVSu9jaAQZHtdAItnjtjz54JK6U', '32241f4d586b50043f0c2164.ec1e720708b14c7f6a010befbc346ad32747a3c5d105ed87a52a5ba3075c3eb005d451cd2aa4a76f35c8dfa300adc4d4e172ff0f557829a705ff364cd548e6a086cd00b020fadff60631345d7e175e731e0ccd25d6624a5e34b0c19b69f8f748881d1822163ded7f9aa127dfda153106fa33a2eb1c667fc521f8daa6515aff2bcd64de81f6ee595bc535ad1c346df14cd64341dfde7ea554575d9dc92399d7c2bc9f0231c8417cc6adb553a207cd54b180bd5b8f3afb51a6ac052719deb7a8d2', '2026-11-28T12:00:00.000Z');
INSERT INTO public.signing_keys VALUES (2, '8W1-lv6vKdHHjdsuz9IA33Xi-sI0_ynN2UdC8zMO5i0', '8e9e67163f849dc6c7ecbe7d.9a684174b14c0c8b3ca74f806c767b14fcc48ed96b3a8d0200fccac1f43bac4ea881417f5d1846e88a39c3308e8d32f0a5cf3a94a739ece8d69b13ae82e3d3614a85efbe7558b5fc1409e1c5005047c037c39de17a391bc4093c7ea9aadd899be9908a419d18aeb8fce5216a3a2be4390af4a0db2fa5a69a3e9a9170d39670141438c0d2566ff1acbb98918dd285cb0c0eb65c923638ac47b2f42c0d429ab7646406f811e4a9e34aa8fcf601fe8aed3cdd6c5115344e0e176d1122ed684f8c76', '2026-11-28T12:00:01.000Z');
INSERT INTO public.token_migrations VALUES ('0001-tokens', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0002-limits', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0003-token-kinds', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0004-audit', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0005-signing-keys', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0006-postgres', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0007-kinds', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0008-additional-arguments', '2026-11-28T12:00:00.000Z');
INSERT INTO public.token_migrations VALUES ('0009-trimmed-logs', '2026-11-28T12:00:00.000Z');
INSERT INTO public.tokens VALUES ('f57930f60e37461f', 'custom', 'custom', 'ef62d6267b494f73488079f84ab63e4080c6b611ea2c941cd4c6e66ec516b57f', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'local:operator', NULL, NULL, NULL, 1, NULL, '39b49c2233741a4d0781d31d.ac6de4c99c300a746fce22ce699fae0b9bb594bd5d91a0598059a56855289340f2083a61e2f3550283ff73f291f57cb6b545fcfeb2c9e4bd9ea302043a23dfac53a0a3c8a725d76339478f7ae7a6b91e', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('jH6DR0NXiq6N', 'personal-access', 'personal', 'a7fbd7e6aa182493b179aecb8118670bcbc2c4548af5636a27346f54aceb99d8', '{"actions":["chat"],"models":["ibm/*"]}', 'ada', NULL, '2026-11-28T12:00:00.000Z', 'local:operator', '2027-02-26T12:00:00.000Z', NULL, NULL, 1, NULL, '9d1b99500580eebc482fb768.b837c8ffc21a0df6f4dd6cd40757e047125e576b710fc7ffccbd4cd8359b2f84c92ab2a2bd10e27f4b722ba39ee238bd2ec20f417c5bfb1e784837ee13d6488fd51ffdad31b5daaa7003ade55e515edf', NULL, NULL, 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTgwMzY0MzIwMCwiaWF0IjoxNzk1ODY3MjAwLCJqdGkiOiJqSDZEUjBOWGlxNk4uS1lOQlRNaWtTdzJtRkJ1S2NldFVadyIsInN1YiI6ImFkYSJ9', NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('ZnpluZxO', 'api-key', 'exchanged', '8950f938f315ee49e273dbbcb9966def1b764dd534cf07bad8f94b5d39456051', '{"actions":["chat"],"models":["ibm/granite-*"]}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'e2J4Q0vC.0f9804be931132378c9f203514432ebc', NULL, NULL, NULL, 1, NULL, 'c72b761750183b71a3f25e29.e378537a91efac8cec00cc7e93b27e6b39b47191e0805311b553e4c8c32a55bb8848fab782c29e473da7898c922d963964ca71e6dbaaf2a9ace65d1af5eea9756ed1d997db899d92d9dd9b522867ab2b', NULL, NULL, NULL, 'e2J4Q0vC', '[{"grant":{"actions":["chat","tokens:write","tokens:read"],"limits":{"tokensPerDay":100},"models":["ibm/*"]},"source":"caveat #1 of token e2J4Q0vC","id":"e2J4Q0vC.0f9804be931132378c9f203514432ebc","added":true}]', NULL, NULL);
INSERT INTO public.tokens VALUES ('uVzAUnGb', 'api-key', 'rotated', 'fc735f5949ecbc12d7a40cb26aec93969ed22fe13ed66bcf0c9edf2e229491c7', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'local:operator', NULL, NULL, NULL, 2, NULL, '14fcf5ddcd4c8d3ff7754642.3a587dffebaee3b0c9b2c5664d4a4c89b5d38af1bcb0b87e8324353f1c81cd25e1dc95d53f2ef3e17376470f1a5c2c7bf72d2a1e196b50bc14147ffb7bbb16b13c6c30fd334ae843b68e2c1d411ecdb2', '{"digest":"2eb00f4167abadaf2fc45d24f3382eec6991c6ea9da243e4b195081f715c9eb9","attenuationKey":"b38826cd9dd81e7197ed61e6.968483568bac5ff89b9de202fb91db581bbbd08e6eb470a9bbbb6c47ced23858d1f32d09e9a8737f99486da303c3261b6ef52d02662446d3e4d022164e701557f45826adc22266df3b5549902dbaf36d","endsAt":"2026-12-18T12:00:01.000Z"}', NULL, NULL, NULL, NULL, '2026-11-28T12:00:01.000Z', NULL);
INSERT INTO public.tokens VALUES ('u2lCWCYk', 'api-key', 'until first use', '1977cbc16d0fe3481378e98c8befbc11ac196f4e6b12114f1bfc31af181c1b32', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'local:operator', NULL, NULL, NULL, 2, NULL, 'f6dcd1332a2e90bf16740583.f79e6d3d2c2bf2ed0c191c34a2b738f81ad784ef3a381480cc7ba0d7b753728d61426a665915e701764c1987b23926424f8dad4e19d996eaeb9735c192aced55a2c7130fb5a8af95907e105af77b2fc8', '{"digest":"a09afc78a018d4936a374c87ee9bd83fe055417a10c776f034ed8c4e5786c2cf","attenuationKey":"312531e0d057939ab5935e80.40c3d16800b5e912d347fc886652416ff3beee8304a6de8cd959bdb435bcd056baf0b3e1da326d1543eb1d9d089a57ca94d7a57cd2f90e9c71bc5cc74db9774b7284cbc18ab0e1ff1729386658b474e2"}', NULL, NULL, NULL, NULL, '2026-11-28T12:00:01.000Z', NULL);
INSERT INTO public.tokens VALUES ('fLx9QGpY', 'api-key', 'replaced', '333464575be3ad3aac5857f8a1733051cd3a740339dfd45416ddf73550ef2bf1', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'local:operator', NULL, NULL, NULL, 2, NULL, '1253244db09205ccd32bedc4.f31b6c61595d2053b1825d688736f23d5966b44d26a258726c06fefb09f69b884d4eab8d2d10af2f7029c8a8aab40d551663bceca91bda303eca3cc079581f6aa6763b1327aa66a5902951817268c301', '{"digest":"4d731e7f0b8893264d439159e4d3333c3a1d24c8acd1e5b0e2bf967a50dd8b96","endsAt":"2026-11-28T12:00:01.000Z"}', NULL, NULL, NULL, NULL, '2026-11-28T12:00:01.000Z', NULL);
INSERT INTO public.tokens VALUES ('OsOabz8N', 'api-key', 'made by a derived token', 'edb2e4b0b7cd6f89ff5305c7482a766fc57d8347e1cd5897f89ca1b5f78a654e', '{"actions":["chat"],"models":["ibm/*"],"limits":{"tokensPerDay":50}}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'e2J4Q0vC.0f9804be931132378c9f203514432ebc', NULL, NULL, '2026-11-28T12:00:01.000Z', 1, NULL, '64e41dd9cf3980f74bf887f8.a386564434f4379a2d783f7d3ca52f430a4a6888dad4ee844539630fa6939c9ff3e2957f626982ff663a2946663b61ba8f0caba001f384207dda44736ee46bf843738e07641faf68022f9ea644085eec', NULL, NULL, NULL, 'e2J4Q0vC', '[{"grant":{"actions":["chat","tokens:write","tokens:read"],"limits":{"tokensPerDay":100},"models":["ibm/*"]},"source":"caveat #1 of token e2J4Q0vC","id":"e2J4Q0vC.0f9804be931132378c9f203514432ebc","added":true}]', NULL, NULL);
INSERT INTO public.tokens VALUES ('b6f9620097', 'legacy', 'legacy', 'a5157eac0b80b7fc270b2667aafdac0954effea01c6a5ba005ede26af959029b', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'local:operator', NULL, NULL, '2026-11-28T12:01:01.000Z', 1, NULL, '912f0d9fc5f52bcabff8e7ee.189f4bf6c5e4c3b4ea546221553a3fea1bb029dc3e8ca7b9abbbdc0b42709249bf0d901495e95e02d14bc13228050f4e7303c3f7c910f435ac367efc6a7e1d52f8ad80545eb676fde0819180c1615cb5', NULL, '1b969b5fe068b2944d50e05d.7d93f2e034bb0b18b7a7e2db91d74571d4abcf742da30b4a5b986014412b656b7fc2a9f8e1559b27d7fcf779c95e175d5622e1a0342f65ad', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('ghYjFe3C', 'api-key', 'edited', '6020333f9e4966f4d3d388c2642ad9666974dd9d9d2284b4e2cc4d1b3673c58c', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'local:operator', NULL, NULL, NULL, 2, 'narrowed', '8054a40652ade4847a0ea175.f0bb38661944c51f55a8c6ca4594641440a48fb685ca5576a2a057f5ad434ad513df4201f700e3856e83e89a1d876079233ab5cb90140313d2c2964c8442de7203fb650050b4a7bbf9842a229b5cc360', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('Kbozfsyi', 'api-key', 'revoked', '8d9f1852d6c9655473927fcc67384757eb4177475733cb5b887268753ab5f992', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'local:operator', NULL, '2026-11-28T12:00:01.000Z', NULL, 2, NULL, 'ece90efa8943cc52b9c3d95b.787135408d5b22dcb34029b732e083f3a88bf2a1407d5c4eddf40177d1a61ba905caa0995892af9f9aa5a83aae474edeb6dbfeae5f00b97128dcd9e96442434530315d345f4448e95a1956b897f8668b', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('e2J4Q0vC.d421b073b4a5c93f057e7234ba3a9766', 'attenuated', 'all', '', '{"actions":[]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'e2J4Q0vC.d421b073b4a5c93f057e7234ba3a9766', NULL, '2026-11-28T12:00:01.000Z', NULL, 1, NULL, NULL, NULL, NULL, NULL, 'e2J4Q0vC', NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('at_Myunsp7DefDnR62mD4RHjP', 'access', 'all', '', '{"actions":[]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'at_Myunsp7DefDnR62mD4RHjP', '2026-11-28T13:00:01.000Z', '2026-11-28T12:00:01.000Z', NULL, 1, NULL, NULL, NULL, NULL, NULL, 'e2J4Q0vC', NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('Q9F4GqEI', 'api-key', 'expired', '95ea674edcc146645bcd43384e0f7a0a76123d2cec8afce354100cb2078abb71', '{"actions":["chat"],"models":["ibm/*"]}', 'operator', NULL, '2026-11-28T12:00:01.000Z', 'local:operator', '2026-11-28T12:00:30.000Z', NULL, NULL, 1, NULL, '1ce44b5522a82404cef288f9.36f71c1f8ff003c9cb9046bbc42b82b4b3aae7fffb00a2d693e70e44ef0df4a5d2e795558423cb51512ef9083ec09205a87e5b671acd5a9ea45234773d685a318a5e8f616801bece407aca23b3d02694', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('e2J4Q0vC', 'api-key', 'all', '265be8133125b30c7ca5ac01e8527fa9612cbe8267ba28a0f438e8dad155a4fe', '{"actions":["*"],"models":["*"],"mcp":{"*":{"tools":{"*":{}}}},"ephemeralMcp":{"hosts":["*"],"tools":["*"]}}', 'operator', NULL, '2026-11-28T12:00:00.000Z', 'local:operator', NULL, NULL, '2026-11-28T12:00:01.000Z', 1, NULL, '3b1b8dbbc7012a3cc41b4fb8.2eb158723f3bb93d9edbb435c79908892dda152fe1077d757571000ef808a90d1f30918b43610d994d183727694446abeb1916895761b41733dddf472629fd3c4f9a7ede59996243610f10c7e51a2aa8', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.tokens VALUES ('yVfncXG1', 'api-key', 'full', 'aeba0405eee70740f52c2410e504f33cc40e6ef5222677927b82f0c43bb0d470', '{"actions":["chat","embeddings","tokens:read","tokens:write","mcp:read"],"models":["ibm/*","qwen/qwen3-4b"],"mcp":{"mcp/files":{"tools":{"read_text_file":{"arguments":{"path":{"within":"/srv/docs"}}},"write_file":{"approval":"ask","arguments":{"content":{"maxLength":4000,"pattern":"^[a-z]+$"}},"additionalArguments":false}}}},"ephemeralMcp":{"hosts":["*.example.com"],"tools":["*"]},"networks":["10.0.0.0/8","fd00::/8"],"projects":["web","shop-*"],"notBefore":"2026-01-01T00:00:00Z","expiresAt":"2028-01-01T00:00:00Z","limits":{"requestsPerMinute":60,"tokensPerDay":1000,"tokensPerMonth":20000,"concurrentRequests":2,"maxOutputTokens":2048,"toolCallsPerRequest":8,"weight":2}}', 'ada', 'web', '2026-11-28T12:00:00.000Z', 'local:operator', '2027-12-31T00:00:00.000Z', NULL, '2026-11-28T12:00:01.000Z', 1, 'two
lines', '2fe787088cc01518dd30c0f1.9033275a7836698c881d06b9aa44019195b1c5ae22186762af361c713c09e4a3c6b69375fd25f8cc42f94327b3c335c3d1d0a640f314e4e0e2b496ab2776c6439468e6b7ceaf05c3ec1c85ff77db6640', NULL, NULL, NULL, NULL, NULL, NULL, 86400);
ALTER TABLE ONLY public.audit_checkpoints
    ADD CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.limit_leases
    ADD CONSTRAINT limit_leases_key PRIMARY KEY (key, lease_id);
ALTER TABLE ONLY public.limit_windows
    ADD CONSTRAINT limit_windows_key PRIMARY KEY (key, window_end);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.token_migrations
    ADD CONSTRAINT token_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
CREATE INDEX audit_entries_project ON public.audit_entries USING btree (project, seq);
CREATE INDEX audit_entries_root_id ON public.audit_entries USING btree (root_id, seq);
CREATE INDEX audit_entries_type ON public.audit_entries USING btree (type, seq);
CREATE INDEX limit_leases_id ON public.limit_leases USING btree (lease_id);
CREATE INDEX tokens_created ON public.tokens USING btree (created_at, id);
CREATE INDEX tokens_kind ON public.tokens USING btree (kind, created_at);
CREATE INDEX tokens_parent ON public.tokens USING btree (parent_id);
CREATE TRIGGER tokens_change AFTER UPDATE ON public.tokens FOR EACH ROW WHEN (((to_jsonb(old.*) - 'last_used_at'::text) IS DISTINCT FROM (to_jsonb(new.*) - 'last_used_at'::text))) EXECUTE FUNCTION public.latchkey_tell_token();
CREATE TRIGGER tokens_come_or_go AFTER INSERT OR DELETE ON public.tokens FOR EACH ROW EXECUTE FUNCTION public.latchkey_tell_token();
