import { AgingKeySet, KeyNotKnownError, keySetTimes } from '../../src/runtime/key-set';

const uri = 'https://login.example.com/keys';
const ofKey = (kid: string) => ({ header: { kid } });

/** An issuer whose keys change, and which at times does not answer. */
class Issuer {
  public now = 1_800_000_000_000;
  public keys: string[] = ['first'];
  public up = true;
  public asked = 0;
  /** Holds the next request until it is called. */
  public hold?: Promise<void>;
  public readonly keySet = new AgingKeySet({
    nowMs: () => this.now,
    fetch: async () => {
      this.asked += 1;
      const { keys, up } = this;
      await this.hold;
      if (!up) throw new Error('no answer');
      return { keys: keys.map((kid) => ({ kid, kty: 'RSA', n: kid, e: 'AQAB' })) };
    },
  });

  public after(ms: number): this {
    this.now += ms;
    return this;
  }

  public async says(kid: string): Promise<string> {
    return this.keySet.getJwk(uri, ofKey(kid)).then(
      () => 'known',
      (thrown: Error) => thrown.constructor.name,
    );
  }
}

const unknown = 'KidNotFoundInJwksError';
const cannotKnow = KeyNotKnownError.name;

test("a key that was made just after a stranger's unknown one is not called unknown, and is known seconds later", async () => {
  const issuer = new Issuer();
  expect(await issuer.says('first')).toBe('known');
  expect(await issuer.after(keySetTimes.betweenFetchesMs).says('made-up')).toBe(unknown);
  issuer.keys = [...issuer.keys, 'second'];
  expect(await issuer.after(1).says('second')).toBe(cannotKnow);
  expect(await issuer.after(keySetTimes.betweenFetchesMs).says('second')).toBe('known');
});

test('made-up key IDs cost one request in five seconds, and stop no token of a known key', async () => {
  const issuer = new Issuer();
  const answers = new Set<string>();
  for (let second = 0; second < 60; second += 1) {
    for (let call = 0; call < 20; call += 1) answers.add(await issuer.after(50).says(`made-up-${second}-${call}`));
    expect(await issuer.says('first')).toBe('known');
    if (second === 30) issuer.keys = [...issuer.keys, 'second'];
    // However many ask, whoever comes back within five seconds is served.
    if (second === 36) expect(await issuer.says('second')).toBe('known');
  }
  expect(issuer.asked).toBeLessThanOrEqual(13);
  expect([...answers].sort()).toEqual([cannotKnow, unknown].sort());
});

test('a key that the issuer has withdrawn ends with the age of the keys', async () => {
  const issuer = new Issuer();
  expect(await issuer.says('first')).toBe('known');
  issuer.keys = ['second'];
  expect(await issuer.after(keySetTimes.freshMs - 1).says('first')).toBe('known');
  expect(await issuer.after(1).says('first')).toBe(unknown);
  expect(issuer.asked).toBe(2);
});

test('an issuer that does not answer stops nobody for half a day, and then everybody', async () => {
  const issuer = new Issuer();
  expect(await issuer.says('first')).toBe('known');
  issuer.up = false;
  expect(await issuer.after(keySetTimes.freshMs).says('first')).toBe('known');
  expect(await issuer.says('other')).toBe(cannotKnow);
  expect(await issuer.after(keySetTimes.usableMs - keySetTimes.freshMs - 1).says('first')).toBe('known');
  expect(await issuer.after(1).says('first')).not.toBe('known');
  issuer.up = true;
  expect(await issuer.after(keySetTimes.afterFailureMs).says('first')).toBe('known');
});

test('a request that was on its way when the token came says nothing of a newer key', async () => {
  const issuer = new Issuer();
  let release = (): void => undefined;
  issuer.hold = new Promise((resolve) => {
    release = resolve;
  });
  const early = issuer.says('first');
  issuer.keys = [...issuer.keys, 'second'];
  const late = issuer.after(10).says('second');
  release();
  expect(await Promise.all([early, late])).toEqual(['known', cannotKnow]);
  expect(issuer.asked).toBe(1);
});

test('a key that takes the ID of another one is another key to whoever remembers keys by ID', async () => {
  const issuer = new Issuer();
  const { kid } = await issuer.keySet.getJwk(uri, ofKey('first'));
  issuer.keySet.addJwks(uri, { keys: [{ kid: 'first', kty: 'RSA', n: 'new', e: 'AQAB' }] });
  expect(issuer.keySet.getCachedJwk(uri, ofKey('first')).kid).not.toBe(kid);
});
