import { describe, expect, it } from 'vitest';
import {
  createRequestOpener,
  newRun,
  type OperatorRequest,
  sealOperatorRequest,
} from '../../src/state/operator-request.ts';

const SECRET = new Uint8Array(32).fill(7);
const NOW = new Date('2027-01-01T12:00:00Z');
const request: OperatorRequest = { act: 'drop', force: true };
const seal = (run: string, secret = SECRET) => sealOperatorRequest(secret, run, request, NOW);
const later = (milliseconds: number) => () => new Date(NOW.getTime() + milliseconds);

describe('a request of the operator', () => {
  it('is opened with the same secret, for the same run', () => {
    const run = newRun();
    expect(createRequestOpener(SECRET, run, later(59_000))(seal(run))).toEqual(request);
    expect(createRequestOpener(SECRET, run, later(-59_000))(seal(run))).toEqual(request);
  });

  it('counts once', () => {
    const run = newRun();
    const open = createRequestOpener(SECRET, run, later(0));
    const sealed = seal(run);
    expect([open(sealed), open(sealed), open(seal(run))]).toEqual([request, undefined, request]);
  });

  it('counts once until its time is over, also after others', () => {
    const run = newRun();
    let milliseconds = 0;
    const open = createRequestOpener(SECRET, run, () => later(milliseconds)());
    const sealed = seal(run);
    open(sealed);
    milliseconds = 59_999;
    open(seal(run));
    expect(open(sealed)).toBeUndefined();
  });

  it.each([
    ['another secret', seal('a', new Uint8Array(32).fill(8)), 0],
    ['another run', seal('b'), 0],
    ['another time', seal('a'), 61_000],
    ['an earlier time', seal('a'), -61_000],
    ['another text', { ...seal('a'), text: seal('a').text }, 0],
    ['a proof that is cut', { ...seal('a'), proof: seal('a').proof.slice(0, 20) }, 0],
    ['no proof', { ...seal('a'), proof: '' }, 0],
  ])('is refused with %s', (_, sealed, milliseconds) => {
    expect(createRequestOpener(SECRET, 'a', later(milliseconds))(sealed)).toBeUndefined();
  });
});
