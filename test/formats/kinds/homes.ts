import { Json, keyId } from '../../../src/kernel/fingerprint';
import { noTracer } from '../../../src/kernel/trace';
import { homeCalls, homeFunctionName } from '../../../src/ledger/contract';
import { Arrivals } from '../../../src/ledger/homes/arrivals.service';
import { Authority } from '../../../src/ledger/homes/authority.service';
import { epochOf } from '../../../src/ledger/homes/carry.domain';
import { EpochStore } from '../../../src/ledger/homes/epoch-store.service';
import { takingForwarded } from '../../../src/ledger/homes/forwarded.service';
import { forwardPort } from '../../../src/ledger/homes/home.aws';
import { ArrivalsCall, CallOutcome, ForwardedCall, HomeLedger, WritingCall } from '../../../src/ledger/homes/home.service';
import { JournaledStore, journalKeys, notedOn } from '../../../src/ledger/homes/move-journal.service';
import { toAttributes, toItem } from '../../../src/ledger/items.aws';
import { Item } from '../../../src/ledger/ports';
import { Attempt } from '../../../src/ledger/protocol/attempt.service';
import { accountOf, bounds, isMove, isPayment, moveOf, paymentOf } from '../../../src/ledger/protocol/domain';
import { entriesOf } from '../../../src/ledger/protocol/entries.domain';
import { trim } from '../../../src/ledger/protocol/trim.service';
import { MemoryStore } from '../../../tools/memory/memory-store';
import { home, other, TwoRegions } from '../../ledger/two-regions';
import { Format, plain } from '../format';

const mover = { to: other, by: 'mover-1', until: 1_800_000_060_000, hurry: false };

async function authorityRecords(): Promise<Record<string, Json>> {
  const world = new TwoRegions();
  const records: Record<string, Json> = {};
  const note = (name: string): void => {
    records[name] = plain(toAttributes(world.authority.items.get('u#0')!));
  };
  const [here, there] = [home, other].map((region) => ({
    authority: new Authority(region, world.settings),
    attempt: world.authorityAttempt(region),
  }));
  await here.authority.standing(here.attempt, 0);
  note('open');
  await there.authority.takeOver(there.attempt, 0);
  note('contested');
  const announced = await there.authority.beginMove(there.attempt, 0, mover, { by: 'ann', reason: 'drill' });
  note('move announced');
  const turned = await there.authority.turnPage(there.attempt, 0, announced!, true);
  note('next page');
  const drained = await there.authority.drain(there.attempt, 0, turned!, 1_800_000_050_000);
  note('draining for a move');
  await there.authority.completeDrain(there.attempt, 0, drained!);
  note('moved');
  await here.authority.beginDrain(here.attempt, 0, home, { run: 'arn:aws:states:eu-central-1:111122223333:execution:acme-cutover:r1' });
  note('draining for a takeover');
  await here.authority.abortDrain(here.attempt, 0, { asked: { by: 'ben', reason: 'not now' } });
  note('called off');
  return records;
}

async function journal(): Promise<Record<string, Json>> {
  const store = new MemoryStore();
  const noted = new JournaledStore(store, { unit: 0, epoch: 2, page: 3 });
  for (const pk of ['k#AAAAAAAAAAAAAAAAAAAAAA@2', 'a#acme#acc-1@2']) await noted.create({ pk, version: 1 });
  const keys = new Set(journalKeys({ unit: 0, epoch: 2, page: 3 }));
  return { 'two notes': plain([...store.items.values()].filter(({ pk }) => keys.has(pk)).map((item) => toAttributes(item))) };
}

async function carried(): Promise<Record<string, Json>> {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const paid = await world.pay(home, 'k1');
  const paymentId = paid.kind === 'answered' ? paid.payment.paymentId : paid.kind;
  await world.move(home, 'c1', 'CAPTURE', paymentId, 60);
  world.replicate(home, other);
  world.loseHome(home);
  await world.move(other, 'c1', 'CAPTURE', paymentId, 60);
  await world.move(other, 'r1', 'REFUND', paymentId, 10);
  const kinds: Readonly<Record<string, (item: Item) => boolean>> = {
    account: ({ kind }) => kind === 'ACCOUNT',
    payment: isPayment,
    capture: (item) => isMove(item) && item.type === 'CAPTURE',
    refund: (item) => isMove(item) && item.type === 'REFUND',
  };
  const items = [...world.replicas.get(other)!.items.values()];
  return Object.fromEntries(
    [1, 2].flatMap((epoch) =>
      Object.entries(kinds).flatMap(([name, is]) =>
        items
          .filter((item) => epochOf(item.pk).epoch === epoch && is(item))
          .map((item) => [`${name} of epoch ${epoch}`, plain(toAttributes(item))]),
      ),
    ),
  );
}

/** A payment that was captured after its hold had left its account, and the capture. */
async function leftBefore(): Promise<Record<string, Json>> {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const payment = await world.pay(home, 'k1');
  // One look completes the payment's item, a later one lets its hold go.
  for (const { ports, settings, context } of [world, world].map((one) => one.attempt(home))) {
    world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
    const own = { ...ports, store: new EpochStore(ports.store, 1) };
    await trim(new Attempt(own, { ...settings, copiesFollow: true }, { ...context, deadlineMs: world.nowMs + 1_000 }), 'a#acme#acc');
  }
  const capture = (): Promise<unknown> =>
    world.move(home, 'c1', 'CAPTURE', payment.kind === 'answered' ? payment.payment.paymentId : payment.kind, 60);
  await capture();
  // Its own item is completed when it is asked for again.
  await capture();
  const item = (key: string): Json => plain(toAttributes(world.replicas.get(home)!.items.get(`k#${keyId('acme', key)}@1`)!));
  return { 'payment captured after its hold had left': item('k1'), 'capture of a hold that had left': item('c1') };
}

const outcomes: Readonly<Record<string, CallOutcome>> = {
  unsure: { kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 1 },
  reused: { kind: 'keyReused' },
};

const calls: Readonly<Record<string, WritingCall>> = {
  'opening an account': { name: 'openAccount', command: { accountId: 'acc', currency: 'EUR', balance: 5 } },
  authorisation: {
    name: 'authorise',
    command: { idempotencyKey: 'k1', accountId: 'acc', amount: 5, currency: 'EUR', reference: 'order 7' },
  },
  capture: { name: 'move', command: { idempotencyKey: 'k2', paymentId: 'pay_AAAAAAAAAAAAAAAAAAAAAA', type: 'CAPTURE', amount: 3 } },
};

/** What a region sends a home, of each call that writes. */
async function forwarded(): Promise<Record<string, Json>> {
  const sent: Record<string, Json> = {};
  for (const [name, call] of Object.entries(calls)) {
    const world = new TwoRegions();
    await new Authority(home, world.settings).standing(world.authorityAttempt(home), 0);
    const invoke = (functionName: string, payload: unknown): Promise<string> => {
      sent[name] = plain({ functionName, payload });
      return Promise.resolve(JSON.stringify(outcomes.reused));
    };
    const ledger = new HomeLedger(
      {
        store: world.replicas.get(other)!,
        authority: world.authority,
        nowMs: () => world.nowMs,
        random: () => 0.5,
        nonce: () => 'n',
        sleep: () => Promise.resolve(),
        forward: forwardPort(() => invoke, 'acme-pay', 5_000),
      },
      { region: other },
      world.settings,
    );
    const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
    // What is sent is less by the time that is kept back for the answer's way.
    const deadlineMs = world.nowMs + 4_250;
    const context = { ...world.context(), deadlineMs, traceId, trace: { traceId, parentId: '53995c3f42cd8ad8', sampled: true } };
    if (call.name === 'openAccount') await ledger.openAccount(context, call.command);
    else if (call.name === 'authorise') await ledger.authorise(context, call.command);
    else await ledger.move(context, call.command);
  }
  await forwardPort(
    () => (functionName: string, payload: unknown) => {
      sent['question about arrivals'] = plain({ functionName, payload });
      return Promise.resolve(JSON.stringify(outcomes.reused));
    },
    'acme-pay',
    5_000,
  )(other, { tenant: 'acme', traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', remainingMs: 1_000, call: question });
  return sent;
}

const question: ArrivalsCall = {
  name: 'arrivals',
  command: {
    accountId: 'acc',
    epoch: 1,
    entries: [
      { id: keyId('acme', 'k1'), code: 'H5', behind: [[keyId('acme', 'k1'), 2]] },
      {
        id: keyId('acme', 'r1'),
        code: `R${keyId('acme', 'k2')}5`,
        behind: [
          [keyId('acme', 'r1'), 3],
          [keyId('acme', 'k2'), 4],
        ],
      },
    ],
  },
};

/** What a region answers that has one of two entries. */
async function arrived(): Promise<Record<string, Json>> {
  const world = new TwoRegions();
  const copies = world.replicas.get(other)!;
  const { entries } = question.command;
  copies.items.set('a#acme#acc@1', {
    pk: 'a#acme#acc@1',
    version: 1,
    entries: Object.fromEntries(entries.map(({ id, code }) => [id, code])),
  });
  copies.items.set(`k#${entries[0].id}@1`, { pk: `k#${entries[0].id}@1`, version: 2 });
  const { tenant, traceId } = world.context();
  return { 'one of two': plain(await world.in(other).receive({ tenant, traceId, remainingMs: 1_000, call: question })) };
}

/** What the home that asked takes an answer for: the entries that may go. */
async function takenAsArrived(stored: unknown): Promise<unknown> {
  const forward = forwardPort(() => () => Promise.resolve(JSON.stringify(stored)), 'acme-pay', 5_000);
  const world = new TwoRegions();
  const { ids, fromAll } = await new Arrivals({ nowMs: () => world.nowMs, forward }, [other]).arrived(world.context(), question.command);
  return fromAll ? [...ids] : undefined;
}

async function received({ functionName, payload }: { readonly functionName: string; readonly payload: object }): Promise<unknown> {
  let got: ForwardedCall | undefined;
  const take = takingForwarded(
    {
      receive: (call) => {
        got = call;
        return Promise.resolve(outcomes.reused);
      },
      takes: functionName === homeFunctionName('acme-pay', 'accounts') ? homeCalls.accounts : homeCalls.payments,
      nowMs: () => 0,
      beginTrace: (context) => noTracer.begin({ name: 'x', context, kind: 'work' }),
      record: () => undefined,
    },
    () => Promise.reject(new Error('it was not taken for a forwarded call')),
  );
  await take(payload, { getRemainingTimeInMillis: () => 60_000 });
  const { traceParent: _own, ...call } = got!;
  return call;
}

export const homeFormats: readonly Format[] = [
  {
    format: 'homes.authority-record',
    consequence: 'regions disagree who is home while a deployment goes round: two of them write for one account, or none does',
    write: authorityRecords,
    read: async (stored) => {
      const world = new TwoRegions();
      world.authority.items.set('u#0', toItem(stored));
      return new Authority(home, world.settings).read(world.authorityAttempt(home), 0);
    },
  },
  {
    format: 'homes.journal-page',
    consequence: 'a planned move during a deployment misses what the home writes, and the next home begins without it',
    write: journal,
    read: (stored) => [...(notedOn({ unit: 0, epoch: 2, page: 3 }, stored.map(toItem)) ?? [])].sort(),
  },
  {
    format: 'homes.epoch-item',
    consequence: 'what was carried over from a lost region is read as something else, or not at all',
    write: async () => ({ ...(await carried()), ...(await leftBefore()) }),
    read: (stored) => {
      const item = toItem(stored);
      const { carriedFrom, carriedVersion, carriedThrough, writtenBy } = item;
      const content = isPayment(item)
        ? paymentOf(item)
        : isMove(item)
          ? moveOf(item)
          : { account: accountOf(item), entries: entriesOf(item) };
      return { ...epochOf(item.pk), carriedFrom, carriedVersion, carriedThrough, writtenBy, content };
    },
  },
  {
    format: 'homes.forwarded-call',
    consequence: 'while regions run two versions, calls that are sent to the home are refused, or taken for others',
    write: forwarded,
    read: received,
  },
  {
    format: 'homes.arrivals-answer',
    consequence: 'while regions run two versions, entries leave their accounts before the other region has them, or accounts fill up',
    write: arrived,
    read: takenAsArrived,
  },
];
