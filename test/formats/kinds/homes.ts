import { Json } from '../../../src/kernel/fingerprint';
import { noTracer } from '../../../src/kernel/trace';
import { homeFunctionName } from '../../../src/ledger/contract';
import { Authority } from '../../../src/ledger/homes/authority.service';
import { epochOf } from '../../../src/ledger/homes/carry.domain';
import { takingForwarded } from '../../../src/ledger/homes/forwarded.service';
import { forwardPort } from '../../../src/ledger/homes/home.aws';
import { CallOutcome, ForwardedCall, HomeLedger, WritingCall } from '../../../src/ledger/homes/home.service';
import { JournaledStore, journalKeys, notedOn } from '../../../src/ledger/homes/move-journal.service';
import { toAttributes, toItem } from '../../../src/ledger/items.aws';
import { Item } from '../../../src/ledger/ports';
import { accountOf, isMove, isPayment, moveOf, paymentOf } from '../../../src/ledger/protocol/domain';
import { entriesOf } from '../../../src/ledger/protocol/entries.domain';
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
  return sent;
}

async function received({ functionName, payload }: { readonly functionName: string; readonly payload: object }): Promise<unknown> {
  let got: ForwardedCall | undefined;
  const take = takingForwarded(
    {
      receive: (call) => {
        got = call;
        return Promise.resolve(outcomes.reused);
      },
      takes: functionName === homeFunctionName('acme-pay', 'accounts') ? ['openAccount'] : ['authorise', 'move'],
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
    write: carried,
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
];
