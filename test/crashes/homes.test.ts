import { killedAtEveryWrite, Process } from './every-write';
import { HomeLedger } from '../../src/ledger/homes/home.service';
import { KeyedOutcome } from '../../src/ledger/model';
import { HomeOperations, OperatorRequest, OperatorResult } from '../../src/ledger/operator/operate.service';
import { paid } from '../ledger/paid';
import { home, other, TwoRegions } from '../ledger/two-regions';

const asked = { by: 'ann', reason: 'so' };

/** Two regions with an account and payments in both, all replicated. */
async function twoRegions(takeover: 'AUTOMATIC' | 'OPERATOR' = 'OPERATOR'): Promise<Site> {
  const site = new Site({ takeover });
  await site.in(home).openAccount(site.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  site.first = paid(await site.pay(home, 'first', 100)).paymentId;
  site.second = paid(await site.pay(home, 'second', 50)).paymentId;
  await site.move(home, 'c2', 'CAPTURE', site.second);
  site.replicate(home, other);
  return site;
}

class Site extends TwoRegions {
  public first = '';
  public second = '';

  /** What an operator asks of a region, by a function that may die. */
  public operate(region: string, action: OperatorRequest['action'], process = new Process()): Promise<OperatorResult> {
    const attempt = this.attempt(region);
    const operations = new HomeOperations(
      {
        ...attempt.ports,
        store: process.store(this.replicas.get(region)!),
        authority: process.store(this.authority),
        scan: async function* scan(this: void, from: string) {
          for (const { pk, version } of [...replicas.get(from)!.items.values()]) {
            if (!pk.startsWith('j#')) yield { pk, version: version as number };
          }
        },
        items: (from, pks) => process.read(() => this.replicas.get(from)!.readMany(pks)),
      },
      region,
      this.settings,
    );
    const { replicas } = this;
    return operations.run({ action, unit: 0, asked }, { ...this.context(), deadlineMs: this.nowMs + 600_000 });
  }

  /** A region's function that may die, at its writes on its own replica and on the authority's table. */
  public ledger(region: string, process: Process): HomeLedger {
    const { ports } = this.attempt(region);
    return new HomeLedger(
      {
        ...ports,
        store: process.store(this.replicas.get(region)!),
        authority: process.store(this.authority),
        forward: (to, call) => process.read(() => this.in(to).receive(call)),
      },
      { region },
      this.settings,
    );
  }

  public get record(): { readonly home: string; readonly epoch: number; readonly state: string } {
    return this.authority.items.get('u#0') as never;
  }

  /** Functions start anew, time passes, and everything replicates. */
  public later(): void {
    this.nowMs += 120_000;
    for (const region of [home, other]) this.restart(region);
    for (const [from, to] of [
      [home, other],
      [other, home],
    ]) {
      this.replicate(from, to);
    }
  }

  /** One home, which writes; in both regions the same answers, and the balances that come of them. */
  public async works(expected: { readonly available: number; readonly held: number; readonly settled: number }): Promise<void> {
    this.later();
    for (const region of [home, other]) {
      const outcome = await this.pay(region, `after-${region}`, 10);
      if (outcome.kind !== 'answered') throw new Error(`${region} does not write: ${JSON.stringify(outcome)}`);
      this.later();
    }
    const first = await this.pay(other, 'first', 100);
    expect(first).toMatchObject({ kind: 'answered', replayed: true });
    expect(paid(await this.move(home, 'after-c', 'CAPTURE', this.first)).status).toBe('CAPTURED');
    this.later();
    expect(await this.balances(this.record.home)).toEqual({
      available: expected.available - 20,
      held: expected.held - 100 + 20,
      settled: expected.settled + 100,
      homeRegion: this.record.home,
    });
    expect(this.record.state).toBe('OPEN');
  }
}
const begun = { available: 850, held: 100, settled: 50 };

describe('a planned move', () => {
  const run = (site: Site, process: Process): Promise<OperatorResult> => {
    site.onSleep = () => site.replicate(home, other);
    return site.operate(other, 'relocate', process);
  };

  test('killed at any write: the home works on, or the next one does', async () => {
    expect(await killedAtEveryWrite({ world: twoRegions, run, after: (site) => site.works(begun) })).toBeGreaterThanOrEqual(5);
  });

  test('killed at any write, and made again: the next home has everything', async () => {
    await killedAtEveryWrite({
      world: twoRegions,
      run,
      after: async (site) => {
        if (site.record.home !== other) expect(await run(site, new Process())).toMatchObject({ kind: 'moved' });
        expect(site.record).toMatchObject({ home: other, epoch: 2 });
        await site.works(begun);
      },
    });
  });

  test('killed at any write, and called off by somebody: the home works on', async () => {
    await killedAtEveryWrite({
      world: twoRegions,
      run,
      after: async (site, killed) => {
        const result = await site.operate(home, 'abort');
        if (killed && site.record.home === home) expect(['aborted', 'refused']).toContain(result.kind);
        await site.works(begun);
      },
    });
  });
});

describe('a takeover', () => {
  test('by an operator, killed at any write: the old home works on, or the new one does; made again, the new one', async () => {
    for (const again of [false, true]) {
      expect(
        await killedAtEveryWrite({
          world: twoRegions,
          run: (site, process) => site.operate(other, 'takeover', process),
          after: async (site) => {
            if (again && site.record.home !== other) {
              expect(await site.operate(other, 'takeover')).toMatchObject({ kind: 'taken', record: { home: other } });
            }
            await site.works(begun);
          },
        }),
      ).toBeGreaterThanOrEqual(2);
    }
  });

  test('by the region itself, from a home that is lost, killed at any write: the request is answered when it is sent again', async () => {
    await killedAtEveryWrite({
      world: async () => {
        const site = await twoRegions('AUTOMATIC');
        site.loseHome(home);
        return site;
      },
      run: (site, process) =>
        site.ledger(other, process).authorise(site.context(), { idempotencyKey: 'during', accountId: 'acc', amount: 30, currency: 'EUR' }),
      after: async (site) => {
        site.restart(other);
        let outcome: KeyedOutcome | undefined;
        for (let tries = 0; tries < 4 && outcome?.kind !== 'answered'; tries += 1) {
          site.nowMs += 12_000;
          outcome = await site.pay(other, 'during', 30);
        }
        expect(outcome).toMatchObject({ kind: 'answered' });
        expect(site.record).toMatchObject({ home: other, epoch: 2 });
        site.lost.clear();
        await site.works({ available: 820, held: 130, settled: 50 });
      },
    });
  });
});

test(
  'the carrying over into a new epoch, killed at any write of a move, a payment or a refund: what the old one ' + 'decided stays',
  async () => {
    const calls: readonly [string, (site: Site, ledger: HomeLedger) => Promise<KeyedOutcome>, object][] = [
      [
        'a payment',
        (site, ledger) => ledger.authorise(site.context(), { idempotencyKey: 'x', accountId: 'acc', amount: 30, currency: 'EUR' }),
        { available: 820, held: 130, settled: 50 },
      ],
      [
        'a repeated payment',
        (site, ledger) => ledger.authorise(site.context(), { idempotencyKey: 'first', accountId: 'acc', amount: 100, currency: 'EUR' }),
        begun,
      ],
      [
        'a refund',
        (site, ledger) => ledger.move(site.context(), { idempotencyKey: 'x', type: 'REFUND', paymentId: site.second, amount: 20 }),
        { available: 870, held: 100, settled: 30 },
      ],
      [
        'a capture',
        (site, ledger) => ledger.move(site.context(), { idempotencyKey: 'after-c', type: 'CAPTURE', paymentId: site.first }),
        begun,
      ],
    ];
    for (const [, call, expected] of calls) {
      expect(
        await killedAtEveryWrite({
          world: async () => {
            const site = await twoRegions();
            site.onSleep = () => site.replicate(home, other);
            expect(await site.operate(other, 'relocate')).toMatchObject({ kind: 'moved' });
            site.onSleep = () => undefined;
            site.nowMs += 2_000;
            return site;
          },
          run: (site, process) => call(site, site.ledger(other, process)),
          after: async (site) => {
            site.restart(other);
            expect(await call(site, site.in(other))).toMatchObject({ kind: 'answered' });
            await site.works(expected as typeof begun);
          },
        }),
      ).toBeGreaterThanOrEqual(2);
    }
  },
);
