/**
 * The `cause` of an `AUTH_STORE_UNAVAILABLE`: the store is used with a key that the ring lacks. Nothing is issued, and no
 * token is verified, until the ring has it.
 */
export class WrongKeyError extends Error {
  override name = 'WrongKeyError';

  /** @param keyId the id of the missing key, which reveals nothing of it */
  constructor(keyId: string) {
    super(
      `This store is used with the key ${keyId}, which the given digestKey does not contain, and none of its tokens would ` +
        'work. Put that key back, or name it as a former one: digestKey: [current, former].',
    );
  }
}
