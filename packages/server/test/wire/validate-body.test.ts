import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ServerError } from '../../src/contracts/server-error.ts';
import { validateBody } from '../../src/wire/validate-body.ts';

const schema = z.strictObject({
  model: z.string().min(1),
  temperature: z.number().max(1).optional(),
  items: z
    .array(
      z.union([
        z.string(),
        z.discriminatedUnion('type', [
          z.strictObject({ type: z.literal('plugin'), id: z.string() }),
          z.strictObject({
            type: z.literal('remote'),
            url: z.string(),
            headers: z.record(z.string(), z.string()).optional(),
          }),
        ]),
      ]),
    )
    .optional(),
});

function refuse(body: unknown): ServerError {
  try {
    validateBody(schema, body);
  } catch (error) {
    return error as ServerError;
  }
  return expect.fail('the body was accepted');
}

describe('validateBody', () => {
  it('returns what it has checked', () => {
    expect(validateBody(schema, { model: 'm', items: ['a'] })).toEqual({ model: 'm', items: ['a'] });
  });

  it.each([
    ['a parameter that is absent', {}, 'MISSING_PARAMETER', 'model'],
    ['an empty value', { model: '' }, 'INVALID_REQUEST', 'model'],
    ['null', { model: null }, 'INVALID_REQUEST', 'model'],
    ['a wrong type', { model: 5 }, 'INVALID_REQUEST', 'model'],
    ['a value out of range', { model: 'm', temperature: 2 }, 'INVALID_REQUEST', 'temperature'],
    ['a wrong item', { model: 'm', items: ['a', 5] }, 'INVALID_REQUEST', 'items[1]'],
    ['an unknown kind of item', { model: 'm', items: [{ type: 'x' }] }, 'INVALID_REQUEST', 'items[0].type'],
    ['an item without its kind', { model: 'm', items: [{ id: 'x' }] }, 'MISSING_PARAMETER', 'items[0].type'],
    ['an item that lacks something', { model: 'm', items: [{ type: 'plugin' }] }, 'MISSING_PARAMETER', 'items[0].id'],
    [
      'a wrong value deep inside',
      { model: 'm', items: [{ type: 'remote', url: 'u', headers: { 'x-a': 1 } }] },
      'INVALID_REQUEST',
      'items[0].headers["x-a"]',
    ],
    ['an unknown key', { model: 'm', stop: 1 }, 'UNKNOWN_PARAMETER', 'stop'],
    [
      'an unknown key in an item',
      { model: 'm', items: [{ type: 'plugin', id: 'i', tools: [] }] },
      'UNKNOWN_PARAMETER',
      'items[0].tools',
    ],
    ['a key of the prototype', { model: 'm', constructor: 1 }, 'UNKNOWN_PARAMETER', 'constructor'],
  ])('names the parameter of %s', (_, body, code, param) => {
    expect(refuse(body)).toMatchObject({ code, param });
  });

  it.each([[null], [[]], ['text'], [5]])('refuses the body %j as a whole', (body) => {
    expect(refuse(body)).toMatchObject({ code: 'INVALID_REQUEST', param: undefined });
  });

  it("lists unknown keys in LM Studio's words", () => {
    expect(refuse({ model: 'm', stop: 1, seed: 2 }).message).toBe("Unrecognized key(s) in object: 'stop', 'seed'");
  });

  it('takes __proto__ for a key like any other', () => {
    const body = JSON.parse('{"model":"m","__proto__":{"temperature":1}}') as unknown;
    expect(refuse(body)).toMatchObject({ code: 'UNKNOWN_PARAMETER', param: '__proto__' });
  });

  it('takes no value from the prototype of objects', () => {
    const inherited = z.object({ toString: z.unknown().refine((value) => typeof value === 'string') });
    expect(() => validateBody(inherited, {})).toThrow(expect.objectContaining({ code: 'MISSING_PARAMETER' }));
  });

  it('answers a flood of long keys with few and short ones', () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}${'k'.repeat(1000)}`, 1]));
    const { message, param } = refuse({ model: 'm', ...body });
    expect(message.length).toBeLessThan(1000);
    expect(param?.length).toBeLessThan(100);
  });

  it.each([
    [{ model: { a: 'CANARY' } }],
    [{ model: 'm', temperature: 'CANARY' }],
    [{ model: 'm', items: 'CANARY' }],
    [{ model: 'm', items: [{ type: 'CANARY' }] }],
    [{ model: 'm', items: [{ type: 'plugin', id: ['CANARY'] }] }],
    [{ model: 'm', items: [{ type: 'remote', url: 'u', headers: { a: ['CANARY'] } }] }],
  ])('never repeats a value: %j', (body) => {
    expect(refuse(body).message).not.toContain('CANARY');
  });
});
