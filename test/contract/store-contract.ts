import { Change, Item, LedgerStore } from '../../src/ledger/ports';

/** What every store must do, whatever engine is behind it. `fresh` gives a key prefix that no other test uses. */
export function storeContract(open: () => LedgerStore, fresh: () => string): void {
  const account = (pk: string, more: Partial<Item> = {}): Item =>
    ({ pk, available: 100, entries: {}, trimmedThrough: 5, name: 'a', ...more }) as Item;
  const setUp = async (more: Partial<Item> = {}): Promise<{ store: LedgerStore; pk: string }> => {
    const store = open();
    const pk = `a#${fresh()}`;
    expect(await store.create(account(pk, more))).toEqual({ kind: 'written' });
    return { store, pk };
  };

  describe('create', () => {
    it('writes an item that is not there', async () => {
      const { store, pk } = await setUp();
      expect(await store.read(pk, true)).toEqual(account(pk));
    });

    it('refuses an item that is there, returns it, and changes nothing', async () => {
      const { store, pk } = await setUp();
      expect(await store.create(account(pk, { name: 'b' }))).toEqual({ kind: 'refused', found: account(pk) });
      expect(await store.read(pk, true)).toEqual(account(pk));
    });

    it('lets one of many concurrent creations through', async () => {
      const store = open();
      const pk = `a#${fresh()}`;
      const results = await Promise.all(Array.from({ length: 8 }, (_, n) => store.create(account(pk, { name: `n${n}` }))));
      expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
    });

    it('keeps nested values, numbers up to the safe range and empty maps', async () => {
      const deep = { moves: { m1: { amount: Number.MAX_SAFE_INTEGER, list: ['x', 1, true, {}] } } };
      const { store, pk } = await setUp(deep as unknown as Partial<Item>);
      expect(await store.read(pk, true)).toEqual(account(pk, deep as unknown as Partial<Item>));
    });
  });

  describe('change', () => {
    it('refuses what does not exist, and creates nothing', async () => {
      const store = open();
      const pk = `a#${fresh()}`;
      expect(await store.change({ pk, require: [], set: [[['name'], 'b']] })).toEqual({ kind: 'refused' });
      expect(await store.read(pk, true)).toBeUndefined();
    });

    it('sets, adds and removes in one write', async () => {
      const { store, pk } = await setUp({ entries: { old: 'D' } });
      expect(
        await store.change({
          pk,
          require: [],
          set: [
            [['entries', 'new-id_1'], 'H'],
            [['name'], 'b'],
          ],
          add: [
            [['available'], -30],
            [['trimmedThrough'], 4],
          ],
          remove: [['entries', 'old'], ['entries', 'never'], ['nothing']],
        }),
      ).toEqual({ kind: 'written' });
      expect(await store.read(pk, true)).toEqual(
        account(pk, { entries: { 'new-id_1': 'H' }, name: 'b', available: 70, trimmedThrough: 9 }),
      );
    });

    const conditions: [string, Change['require'], boolean][] = [
      ['absent attribute', [{ test: 'absent', path: ['pending'] }], true],
      ['absent attribute that is there', [{ test: 'absent', path: ['name'] }], false],
      ['absent member', [{ test: 'absent', path: ['entries', 'k1'] }], true],
      ['absent member that is there', [{ test: 'absent', path: ['entries', 'k0'] }], false],
      ['absent member of a map that is not there', [{ test: 'absent', path: ['pending', 'id'] }], true],
      ['equal text', [{ test: 'equals', path: ['entries', 'k0'], value: 'H' }], true],
      ['unequal text', [{ test: 'equals', path: ['entries', 'k0'], value: 'C' }], false],
      ['equal number', [{ test: 'equals', path: ['available'], value: 100 }], true],
      ['equality with what is not there', [{ test: 'equals', path: ['pending', 'id'], value: 'x' }], false],
      ['at least, met exactly', [{ test: 'atLeast', path: ['available'], value: 100 }], true],
      ['at least, missed by one', [{ test: 'atLeast', path: ['available'], value: 101 }], false],
      ['at least of what is not there', [{ test: 'atLeast', path: ['nothing'], value: 0 }], false],
      ['below, met by one', [{ test: 'below', path: ['trimmedThrough'], value: 6 }], true],
      ['below, missed exactly', [{ test: 'below', path: ['trimmedThrough'], value: 5 }], false],
      ['fewer members, met by one', [{ test: 'fewer', path: ['entries'], value: 2 }], true],
      ['fewer members, missed exactly', [{ test: 'fewer', path: ['entries'], value: 1 }], false],
      [
        'two conditions of which one fails',
        [
          { test: 'absent', path: ['pending'] },
          { test: 'below', path: ['available'], value: 1 },
        ],
        false,
      ],
    ];
    it.each(conditions)('condition: %s', async (_, require, met) => {
      const { store, pk } = await setUp({ entries: { k0: 'H' } });
      const result = await store.change({ pk, require, set: [[['name'], 'b']] });
      expect(result).toEqual(met ? { kind: 'written' } : { kind: 'refused', found: account(pk, { entries: { k0: 'H' } }) });
      expect((await store.read(pk, true))!.name).toBe(met ? 'b' : 'a');
    });

    it('is atomic: of many concurrent takers of the last funds, one gets them', async () => {
      const { store, pk } = await setUp();
      const take = (n: number): Change => ({
        pk,
        require: [{ test: 'atLeast', path: ['available'], value: 100 }],
        add: [[['available'], -100]],
        set: [[['entries', `k${n}`], 'H']],
      });
      const results = await Promise.all(Array.from({ length: 8 }, (_, n) => store.change(take(n))));
      expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      const after = (await store.read(pk, true))!;
      expect([after.available, Object.keys(after.entries as object)]).toEqual([0, [expect.stringMatching(/^k\d$/)]]);
    });
  });

  describe('reading', () => {
    it('reads many, and leaves out what is not there', async () => {
      const { store, pk } = await setUp();
      const other = `a#${fresh()}`;
      await store.create(account(other));
      const found = await store.readMany([pk, `${pk}-none`, other]);
      expect(found.map((item) => item.pk).sort()).toEqual([pk, other].sort());
    });

    it('lists an account by time, newest first, from a place on', async () => {
      const store = open();
      const acct = `a#${fresh()}`;
      for (const n of [2, 1, 3]) await store.create({ pk: `k#${acct}${n}`, acct, seq: `00${n}#x` });
      await store.create({ pk: `k#${acct}-other`, acct: `${acct}-other`, seq: '009#x' });
      const seqs = async (limit: number, from?: string): Promise<string[]> => (await store.list(acct, limit, from)).map(({ seq }) => seq);
      expect(await seqs(10)).toEqual(['003#x', '002#x', '001#x']);
      expect(await seqs(2)).toEqual(['003#x', '002#x']);
      expect(await seqs(10, '002#x')).toEqual(['002#x', '001#x']);
      expect((await store.list(acct, 1))[0].pk).toBe(`k#${acct}3`);
    });
  });
}
