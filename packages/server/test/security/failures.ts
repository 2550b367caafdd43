/** A way in which others have failed, our rule against it, and the test that fails without the guard. */
export interface KnownFailure {
  readonly failure: string;
  readonly rule: string;
  /** From the root of the repository. */
  readonly file: string;
  /** The title of the test, or what all titles of its table have in common. */
  readonly title: string;
}

const CORE = 'packages/auth-core/test';
const SERVER = 'packages/server/test';

/** The failures that must not happen here; the threat model is held to this list. */
export const knownFailures: readonly KnownFailure[] = [
  {
    failure: 'Secrets are compared with ===, so that time tells how much of them is right',
    rule: 'Keyed digests are looked up by a public id and compared without stopping at the first difference',
    file: `${CORE}/security/no-secret-comparison.test.ts`,
    title: 'compares no secret or digest with an operator that stops at the first difference (timing)',
  },
  {
    failure: 'An unknown id is refused faster than a wrong secret',
    rule: 'Both take the same computations and the same looks into the store; bench/src/timing.ts measures it',
    file: `${CORE}/security/same-work.test.ts`,
    title: 'an unknown id and a wrong secret take the same work (timing oracles)',
  },
  {
    failure: 'The key covers some paths only',
    rule: 'Every route declares its access, or the server does not compile; public ones are listed by name',
    file: `${SERVER}/security/doors.test.ts`,
    title: 'is closed without a token, but for those that are public by name (keys that cover some paths only)',
  },
  {
    failure: 'SQL is injected through the Authorization header',
    rule: 'A text is parsed before the store is asked; queries have parameters only',
    file: `${CORE}/security/fuzzed-credentials.test.ts`,
    title: 'a header that nobody has made a token for lets nobody in, and the store sees nothing of a malformed one',
  },
  {
    failure: 'A cache is keyed by the beginning of a token',
    rule: 'The key of the cache is the full SHA-256 of the text',
    file: `${CORE}/security/alike-tokens.test.ts`,
    title: 'a token that begins like another one is not taken for it (cache keyed by a prefix)',
  },
  {
    failure: 'A caller widens its own token',
    rule: 'Whatever a token makes or changes stays within its own authority',
    file: `${CORE}/management/properties.test.ts`,
    title: 'what a principal %s may do nothing that the principal may not',
  },
  {
    failure: 'A child of a token may do more than the token',
    rule: 'The authority of what was derived begins with that of its parents, as it is now',
    file: `${CORE}/security/life-of-tokens.test.ts`,
    title: 'whatever happens to tokens, those work that should, and none may do more than what it was made of',
  },
  {
    failure: 'An administrative route checks no role',
    rule: 'Every route names its action; the guard runs before the body is read',
    file: `${SERVER}/http/routes.test.ts`,
    title: '%s opens to %s and to no other action',
  },
  {
    failure: 'A role check knows one kind of token and not another',
    rule: 'All kinds become a principal first; routes see nothing else',
    file: `${SERVER}/security/doors.test.ts`,
    title: 'that needs an action is closed to a token without any, of kind %s (role checks)',
  },
  {
    failure: 'A swallowed error becomes a default identity',
    rule: 'There is no default principal; what fails to verify rejects, and nothing catches it but the error renderer',
    file: `${SERVER}/security/failing-verifier.test.ts`,
    title: 'a verifier that fails lets nobody in as anybody (swallowed errors, default identities)',
  },
  {
    failure: 'A store that fails lets callers in',
    rule: 'Whatever cannot be looked up denies',
    file: `${CORE}/security/failing-stores.test.ts`,
    title: 'what fails lets nobody in, as nobody else either (swallowed errors, default identities)',
  },
  {
    failure: 'The owner is taken from the body of an unauthenticated request',
    rule: 'The owner is that of the token that makes another; only who has every action names another owner',
    file: `${SERVER}/security/owners.test.ts`,
    title: 'whose a token is comes from the token that makes it (owner fields in the body)',
  },
  {
    failure: 'A stored hash is shown in answers',
    rule: 'Answers carry neither digests nor what is sealed',
    file: `${SERVER}/security/canaries.test.ts`,
    title: 'is shown once, and no digest ever (hashes in responses)',
  },
  {
    failure: 'A stored hash is taken for the token',
    rule: 'What is presented is digested with a key that is not in the database',
    file: `${CORE}/security/stolen-store.test.ts`,
    title: 'gets in with nothing that is stored: not with a digest, not with what is sealed (pass the hash)',
  },
  {
    failure: 'Keys lie in the database in plain text',
    rule: 'The store holds keyed digests, and what must be read again sealed',
    file: `${CORE}/security/stolen-store.test.ts`,
    title: 'finds no token in it, of whatever kind (keys at rest in plain text)',
  },
  {
    failure: 'Keys are printed into logs',
    rule: 'No error holds a token; the logger and the audit log blot out what looks like one',
    file: `${SERVER}/security/canaries.test.ts`,
    title: 'of a token of any kind is in no log, no answer and no entry of the audit log, wherever the token was put',
  },
  {
    failure: 'A quota is counted after the fact, and open when the counter fails',
    rule: 'Limits are reserved atomically before the work; a counter that fails denies',
    file: `${SERVER}/security/budgets.test.ts`,
    title: 'of one request lets one of 200 at once through, which is counted in SQLite',
  },
  {
    failure: 'Counters of a store race with one another',
    rule: 'Every store passes one contract with atomic counters and compare-and-set',
    file: `${CORE}/contract/broken-limit-stores.test.ts`,
    title: 'the contract of limit stores',
  },
  {
    failure: 'Children outlive the token that they were made of',
    rule: 'Each verification looks at all ancestors; a stream that runs ends with any of them',
    file: `${SERVER}/security/derived-streams.test.ts`,
    title: 'what was derived from a token ends with it (children that outlive their parent)',
  },
  {
    failure: 'The use of an old secret revokes a whole family of tokens',
    rule: 'It raises an alarm, once a minute, and changes nothing',
    file: `${CORE}/security/floods.test.ts`,
    title: 'of an old secret raises an alarm and revokes nothing (revocation of the whole family)',
  },
  {
    failure: 'Wrong tokens lock out those who have the right one',
    rule: 'Nothing is locked, and what was wrong takes no place from what was right',
    file: `${CORE}/security/floods.test.ts`,
    title: 'locks nobody out whose token is right (denial of service by lockout)',
  },
  {
    failure: 'Forged tokens that name unknown keys make the store work',
    rule: 'Unknown keys are looked for once a second at most',
    file: `${CORE}/security/floods.test.ts`,
    title: 'makes the store of the keys work once a second, whatever ids of keys they name (unknown kid)',
  },
  {
    failure: 'X-Forwarded-For is believed from the left',
    rule: 'It is read from the right, and only as far as trusted proxies have written it',
    file: `${SERVER}/security/forwarded-addresses.test.ts`,
    title: 'a token that is bound to a network (X-Forwarded-For that anybody may send)',
  },
  {
    failure: "Anybody who names a response's id goes on with it",
    rule: 'What is stored belongs to the root of a chain of tokens and to a project; for others it is not there',
    file: `${SERVER}/security/conversations.test.ts`,
    title:
      "nobody goes on with another token's conversation, nor with one of another project (ids that anybody may name)",
  },
  {
    failure: 'Parameters are passed on unchecked, bodies and headers have no bounds',
    rule: 'Bodies are closed schemas with bounds; bodies and headers are capped',
    file: `${SERVER}/security/fuzzed-bodies.test.ts`,
    title: 'is answered, never with a failure of the server, and shortly',
  },
  {
    failure: 'A body without a Content-Length is passed over',
    rule: 'A body that may be left out is read whenever there is one',
    file: `${SERVER}/security/optional-bodies.test.ts`,
    title: 'a body that may be left out counts when it comes in chunks, without a length',
  },
];
