import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayBeServedBy, servedName } from '../../src/tools/served-names.ts';
import { withoutMirroredHeaders } from '../../src/tools/without-mirrored-headers.ts';

/** Short words of few characters, so that names do meet. */
const word = fc.stringMatching(/^[ab_.-]{1,6}$/);
const label = word.map((rest) => `a${rest}`);
const identity = fc.record({ label, tool: fc.oneof(word, fc.constant('x'.repeat(100))) });
const nameOf = ({ label: of, tool }: { label: string; tool: string }, alone = false) =>
  servedName({ id: `mcp/${of}`, label: of }, tool, alone);

describe('the name of a served tool', () => {
  it('is label__tool', () => {
    expect(nameOf({ label: 'files', tool: 'read_file' })).toBe('files__read_file');
    expect(nameOf({ label: 'files', tool: 'read_file' }, true)).toBe('read_file');
  });

  it('belongs to one tool alone', () => {
    fc.assert(
      fc.property(identity, identity, (one, other) => {
        const same = one.label === other.label && one.tool === other.tool;
        expect(nameOf(one) === nameOf(other)).toBe(same);
      }),
      { numRuns: 1000 },
    );
    expect(nameOf({ label: 'a', tool: 'b__c' })).not.toBe(nameOf({ label: 'a__b', tool: 'c' }));
    expect(nameOf({ label: 'a_', tool: 'b' })).not.toBe(nameOf({ label: 'a', tool: '_b' }));
  });

  it('is one that every client takes', () => {
    fc.assert(
      fc.property(identity, fc.boolean(), (one, alone) => {
        expect(nameOf(one, alone)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });

  it('is looked for at its own server', () => {
    const long = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
    fc.assert(
      fc.property(
        fc.oneof(label, long),
        fc.oneof(word, fc.constant('x'.repeat(128))),
        fc.boolean(),
        (of, tool, alone) => {
          const server = { id: `mcp/${of}`, label: of };
          expect(mayBeServedBy(server, servedName(server, tool, alone), alone)).toBe(true);
        },
      ),
    );
    expect(mayBeServedBy({ id: 'mcp/b', label: 'b' }, 'a__echo', false)).toBe(false);
  });
});

describe('a served schema', () => {
  it('asks for no copies of arguments in headers', () => {
    const region = { type: 'string', 'x-mcp-header': 'Region' };
    const schema = { type: 'object', properties: { region, deep: { properties: { region } } }, anyOf: [region] };
    expect(JSON.stringify(withoutMirroredHeaders(schema))).not.toContain('x-mcp-header');
    expect(withoutMirroredHeaders({ properties: { region } })).toEqual({ properties: { region: { type: 'string' } } });
  });

  it('is else as it was, also where a property has the name of that keyword', () => {
    const schema = {
      type: 'object',
      properties: { 'x-mcp-header': { type: 'string', default: { 'x-mcp-header': 1 } } },
      required: ['x-mcp-header'],
      additionalProperties: false,
    };
    expect(withoutMirroredHeaders(schema)).toEqual(schema);
  });
});
