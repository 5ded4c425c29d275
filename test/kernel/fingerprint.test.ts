import * as fc from 'fast-check';
import { canonicalJson, fingerprint, Json, keyId } from '../../src/kernel/fingerprint';

const json = fc.jsonValue() as fc.Arbitrary<Json>;

/** The same value with its members in another order. */
function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

describe('the canonical form', () => {
  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('keeps what the value means, and nothing else', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('spells numbers in one way and leaves out what is undefined', () => {
    expect(canonicalJson({ b: 1250.0, a: [1e3, 'x'], c: undefined })).toBe('{"a":[1000,"x"],"b":1250}');
  });
});

describe('identities', () => {
  it('are 22 characters that a path and a key can carry', () => {
    expect(keyId('acme', 'k')).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('differ when tenant and key are split elsewhere', () => {
    expect(keyId('ab', 'c')).not.toBe(keyId('a', 'bc'));
    expect(keyId('a1:', 'b')).not.toBe(keyId('a', '1:b'));
  });

  it('of calls differ by tenant, call and content', () => {
    const prints = [
      fingerprint('a', { call: 'x', amount: 1 }),
      fingerprint('b', { call: 'x', amount: 1 }),
      fingerprint('a', { call: 'y', amount: 1 }),
      fingerprint('a', { call: 'x', amount: 2 }),
    ];
    expect(new Set(prints).size).toBe(4);
    expect(fingerprint('a', { amount: 1, call: 'x' })).toBe(prints[0]);
  });
});
