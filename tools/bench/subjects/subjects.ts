/** What is compared: each subject makes one payment, or repeats one, on the same table through the same kind of client. */
import { randomBytes, randomUUID } from 'node:crypto';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { AttributeValue, DynamoDBClient, PutItemCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { DynamoStore } from '../../../src/ledger/aws';
import type { CallContext, KeyedOutcome } from '../../../src/ledger/model';
import { PaymentsLedger } from '../../../src/ledger/protocol/service';

/** One thing to measure. A call that comes to anything but what is expected throws: a fast mistake is no result. */
export interface Subject {
  readonly name: string;
  /** One call. Numbers rise from 0 and never come twice within a subject. */
  call(number: number): Promise<void>;
}

/** Where and how subjects work. */
export interface Ground {
  readonly tableName: string;
  /** A client as our functions have it. */
  client(): DynamoDBClient;
  /** The SDK's client as it comes, with the same time limits; one of one's own, since Powertools adds its middleware to the one it gets. */
  usualClient(): DynamoDBClient;
  /** Accounts to spread payments over. */
  readonly accounts: number;
  /** Keys that are paid for beforehand and then repeated, in turn. */
  readonly replayedKeys: number;
  /** Chance as the ledger has it. @default Math.random */
  readonly random?: () => number;
}

export const tenant = 'bench';
export const payment = { amount: 1250, currency: 'EUR', reference: 'order-4711' } as const;
const funds = 1_000_000_000;
const region = 'us-east-1';

/** The ledger as the functions run it: the shipped service on the shipped store. */
export function ledgerOn(client: DynamoDBClient, tableName: string, random = Math.random): PaymentsLedger {
  return new PaymentsLedger(
    {
      store: new DynamoStore(client, tableName),
      nowMs: Date.now,
      random,
      // As long as a function's own.
      nonce: () => randomBytes(9).toString('base64url'),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    { region },
  );
}

export const callContext = (): CallContext => ({ tenant, traceId: '1-65000000-000000000000000000000001', deadlineMs: Date.now() + 60_000 });

export function expectAnswer(outcome: KeyedOutcome, replayed: boolean, status = 'AUTHORISED'): void {
  if (outcome.kind !== 'answered' || outcome.replayed !== replayed || outcome.payment.status !== status) {
    throw new Error(`expected a payment ${status}, replayed ${replayed}, got ${JSON.stringify(outcome)}`);
  }
}

/** All subjects, ready: accounts opened and known, keys to repeat paid for. */
export async function prepareSubjects(ground: Ground): Promise<readonly Subject[]> {
  const run = randomUUID().slice(0, 8);
  return [...bare(ground, run), ...(await ours(ground, run)), ...(await powertools(ground, run)), ...(await transaction(ground, run))];
}

const paymentId = (run: string, subject: string, number: number): string => `${run}-${subject}-${String(number).padStart(10, '0')}`;
const accountName = (run: string, subject: string, number: number, ground: Ground): string =>
  `${run}-${subject}-${number % ground.accounts}`;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/**
 * The unit of the comparison: the item that the ledger puts, without what its index needs, put by hand. And a smaller one, to show how
 * much of a ratio is the item's size.
 */
function bare({ tableName, usualClient }: Ground, run: string): Subject[] {
  const dynamo = usualClient();
  const put = async (Item: Record<string, AttributeValue>): Promise<void> =>
    void (await dynamo.send(new PutItemCommand({ TableName: tableName, Item, ConditionExpression: 'attribute_not_exists(pk)' })));
  return [
    { name: 'bare', call: (number) => put(paymentRecord(`bare#${paymentId(run, 'bare', number)}`, 'any', number)) },
    { name: 'small', call: (number) => put(record(`small#${paymentId(run, 'small', number)}`, 'any', number)) },
  ];
}

/** The least that a payment can be. */
const record = (pk: string, accountId: string, number: number): Record<string, AttributeValue> => ({
  pk: { S: pk },
  accountId: { S: accountId },
  amount: { N: String(payment.amount) },
  currency: { S: payment.currency },
  reference: { S: payment.reference },
  status: { S: 'AUTHORISED' },
  createdAt: { N: String(1_790_000_000_000 + number) },
});

/** A payment with what the ledger's claim says too: fingerprint, trace, region, nonce, what became of it. */
const paymentRecord = (pk: string, accountId: string, number: number): Record<string, AttributeValue> => ({
  ...record(pk, accountId, number),
  kind: { S: 'PAYMENT' },
  tenant: { S: tenant },
  fingerprint: { S: 'qZk8Qm0s1yPp3l2u7bTtRr5nVv9cXxW4gHhJjKkLlMm' },
  region: { S: region },
  traceId: { S: callContext().traceId },
  nonce: { S: '00000000-0000-4000-8000-000000000000' },
  attemptAt: { N: String(1_790_000_000_000 + number) },
  captured: { N: '0' },
  refunded: { N: '0' },
  moves: { M: {} },
  version: { N: '1' },
  writtenBy: { S: region },
});

async function ours(ground: Ground, run: string): Promise<Subject[]> {
  const ledger = ledgerOn(ground.client(), ground.tableName, ground.random);
  const pay = (subject: string, number: number): Promise<KeyedOutcome> =>
    ledger.authorise(callContext(), {
      ...payment,
      idempotencyKey: paymentId(run, subject, number),
      accountId: accountName(run, 'ours', number, ground),
    });
  for (const number of numbers(ground.accounts)) {
    const accountId = accountName(run, 'ours', number, ground);
    await ledger.openAccount(callContext(), { accountId, currency: payment.currency, balance: funds });
    // A warm function knows its accounts' currencies: one refused payment, which stores nothing, makes it so.
    await ledger.authorise(callContext(), { ...payment, currency: 'JPY', idempotencyKey: 'unused', accountId });
  }
  for (const number of numbers(ground.replayedKeys)) {
    expectAnswer(await pay('again', number), false);
    expectAnswer(await pay('again', number), true);
  }
  return [
    { name: 'authorise', call: async (number) => expectAnswer(await pay('new', number), false) },
    { name: 'replay', call: async (number) => expectAnswer(await pay('again', number % ground.replayedKeys), true) },
  ];
}

interface Order {
  readonly idempotencyKey: string;
  readonly payment: { readonly accountId: string; readonly amount: number; readonly currency: string };
}

async function powertools(ground: Ground, run: string): Promise<Subject[]> {
  const answer = (order: Order) => ({ paymentId: `pay_${order.idempotencyKey}`, status: 'AUTHORISED', ...order.payment });
  const dynamo = ground.usualClient();
  const nothing = idempotent(ground, (order) => Promise.resolve(answer(order)));
  const debit = idempotent(ground, async (order) => {
    await dynamo.send(new UpdateItemCommand({ TableName: ground.tableName, ...debitOf(order.payment.accountId) }));
    return answer(order);
  });
  await openPlainAccounts(ground, dynamo, run, 'powertools');
  const order = (subject: string, number: number): Order => ({
    idempotencyKey: paymentId(run, subject, number),
    payment: { accountId: accountName(run, 'powertools', number, ground), amount: payment.amount, currency: payment.currency },
  });
  const expectSame = (made: { paymentId: string }, subject: string, number: number): void => {
    if (made.paymentId !== `pay_${paymentId(run, subject, number)}`) {
      throw new Error(`Powertools answered ${JSON.stringify(made)} for ${subject} ${number}`);
    }
  };
  for (const number of numbers(ground.replayedKeys)) await nothing(order('pt-again', number));
  return [
    { name: 'powertools', call: async (number) => expectSame(await nothing(order('pt-new', number)), 'pt-new', number) },
    {
      name: 'powertoolsReplay',
      call: async (number) =>
        expectSame(await nothing(order('pt-again', number % ground.replayedKeys)), 'pt-again', number % ground.replayedKeys),
    },
    { name: 'powertoolsDebit', call: async (number) => expectSame(await debit(order('pt-debit', number)), 'pt-debit', number) },
  ];
}

/** A function made idempotent as Powertools' guide has it, with payload validation, since the ledger compares payloads too. */
function idempotent<T extends object>(ground: Ground, work: (order: Order) => Promise<T>): (order: Order) => Promise<T> {
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'idempotencyKey',
    payloadValidationJmesPath: 'payment',
    throwOnNoIdempotencyKey: true,
  });
  config.registerLambdaContext({ getRemainingTimeInMillis: () => 10_000 } as Context);
  const persistenceStore = new DynamoDBPersistenceLayer({
    tableName: ground.tableName,
    keyAttr: 'pk',
    awsSdkV3Client: ground.usualClient(),
  });
  return makeIdempotent(work, { persistenceStore, config });
}

async function transaction(ground: Ground, run: string): Promise<Subject[]> {
  const dynamo = ground.usualClient();
  await openPlainAccounts(ground, dynamo, run, 'transaction');
  const pay = async (subject: string, number: number): Promise<'made' | 'repeated'> => {
    const accountId = accountName(run, 'transaction', number, ground);
    try {
      await dynamo.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Put: {
                TableName: ground.tableName,
                Item: paymentRecord(`tx#${paymentId(run, subject, number)}`, accountId, number),
                ConditionExpression: 'attribute_not_exists(pk)',
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
              },
            },
            { Update: { TableName: ground.tableName, ...debitOf(accountId) } },
          ],
        }),
      );
      return 'made';
    } catch (error) {
      const [reason] = (error as { CancellationReasons?: { Item?: object }[] }).CancellationReasons ?? [];
      if (!reason?.Item) throw error;
      return 'repeated';
    }
  };
  const expected = async (what: 'made' | 'repeated', made: Promise<'made' | 'repeated'>): Promise<void> => {
    if ((await made) !== what) throw new Error(`expected the transaction to be ${what}`);
  };
  for (const number of numbers(ground.replayedKeys)) await pay('tx-again', number);
  return [
    { name: 'transaction', call: (number) => expected('made', pay('tx-new', number)) },
    { name: 'transactionReplay', call: (number) => expected('repeated', pay('tx-again', number % ground.replayedKeys)) },
  ];
}

const plainAccount = (accountId: string): string => `plain#${accountId}`;

function debitOf(accountId: string) {
  return {
    Key: { pk: { S: plainAccount(accountId) } },
    UpdateExpression: 'SET available = available - :amount, held = held + :amount',
    ConditionExpression: 'available >= :amount',
    ExpressionAttributeValues: { ':amount': { N: String(payment.amount) } },
  };
}

async function openPlainAccounts(ground: Ground, dynamo: DynamoDBClient, run: string, subject: string): Promise<void> {
  for (const number of numbers(ground.accounts)) {
    const item = {
      pk: { S: plainAccount(accountName(run, subject, number, ground)) },
      currency: { S: payment.currency },
      available: { N: String(funds) },
      held: { N: '0' },
    };
    await dynamo.send(new PutItemCommand({ TableName: ground.tableName, Item: item }));
  }
}
