/** Requests and units of every call, one call at a time: these do not depend on the machine. */
import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { countInto, noUsage, spent, Usage } from './subjects/counting';
import { callContext, expectAnswer, ledgerOn, payment, prepareSubjects } from './subjects/subjects';
import type { KeyedOutcome } from '../../src/ledger/model';

/** Some calls look after their account as well: not those that are counted. */
const neverDue = (): number => 0.999;

export type Counts = Readonly<Record<string, Usage>>;

/** Counts the subjects that are timed, then the ledger's other calls. `client` makes a client without any middleware. */
export async function countCalls(client: () => DynamoDBClient, tableName: string): Promise<Counts> {
  return { ...(await countSubjects(client, tableName)), ...(await countLedger(client, tableName)) };
}

async function countSubjects(client: () => DynamoDBClient, tableName: string): Promise<Counts> {
  const usage = noUsage();
  const counting = () => countInto(client(), usage);
  const subjects = await prepareSubjects({
    tableName,
    client: counting,
    usualClient: counting,
    accounts: 1,
    replayedKeys: 1,
    random: neverDue,
  });
  const counts: Record<string, Usage> = {};
  for (const subject of subjects) counts[subject.name] = await spent(usage, () => subject.call(0));
  return counts;
}

async function countLedger(client: () => DynamoDBClient, tableName: string): Promise<Counts> {
  const usage = noUsage();
  const dynamo = countInto(client(), usage);
  const ledger = ledgerOn(dynamo, tableName, neverDue);
  const run = randomUUID().slice(0, 8);
  const accountId = `counted-${run}`;
  const pay = (key: string, amount: number = payment.amount): Promise<KeyedOutcome> =>
    ledger.authorise(callContext(), { ...payment, amount, idempotencyKey: `${run}-${key}`, accountId });
  const move = async (key: string, type: 'CAPTURE' | 'VOID' | 'REFUND', paymentId: string): Promise<void> =>
    expectAnswer(
      await ledger.move(callContext(), { type, paymentId, idempotencyKey: `${run}-${key}` }),
      false,
      { CAPTURE: 'CAPTURED', VOID: 'VOIDED', REFUND: 'REFUNDED' }[type],
    );
  await ledger.openAccount(callContext(), { accountId, currency: payment.currency, balance: 10 * payment.amount });
  const ids: string[] = [];
  for (const key of ['captured', 'voided']) {
    const paid = await pay(key);
    if (paid.kind === 'answered') ids.push(paid.payment.paymentId);
  }
  await pay('repeated');
  return {
    firstOfItsAccount: await spent(usage, async () =>
      expectAnswer(
        await ledgerOn(dynamo, tableName).authorise(callContext(), { ...payment, idempotencyKey: `${run}-cold`, accountId }),
        false,
      ),
    ),
    firstReplay: await spent(usage, async () => expectAnswer(await pay('repeated'), true)),
    decline: await spent(usage, async () => expectAnswer(await pay('toomuch', 11 * payment.amount), false, 'DECLINED')),
    capture: await spent(usage, () => move('capture', 'CAPTURE', ids[0])),
    refund: await spent(usage, () => move('refund', 'REFUND', ids[0])),
    void: await spent(usage, () => move('void', 'VOID', ids[1])),
    getPayment: await spent(usage, async () => void (await ledger.getPayment(callContext(), ids[0]))),
    getAccount: await spent(usage, async () => void (await ledger.getAccount(callContext(), accountId))),
  };
}
