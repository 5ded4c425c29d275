/** Sizes of the ledger's items, by DynamoDB's published rules: a write costs one unit per started KB of the item. */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { itemSize } from './subjects/counting';
import { callContext, ledgerOn, payment, tenant } from './subjects/subjects';
import { keyId } from '../../src/kernel/fingerprint';
import { accountPk, keyItemPk } from '../../src/ledger/protocol/domain';

/** In bytes. */
export interface ItemSizes {
  readonly claim: number;
  readonly capturedPayment: number;
  readonly captureMove: number;
  readonly emptyAccount: number;
  readonly entry: number;
  /** Open holds with which an account still fits one KB. */
  readonly entriesInOneKilobyte: number;
}

export async function itemSizes(dynamo: DynamoDBClient, tableName: string): Promise<ItemSizes> {
  const ledger = ledgerOn(dynamo, tableName);
  const key = `size-${randomUUID()}`;
  const accountId = 'acc_00000000000001';
  const sizeAt = async (pk: string): Promise<number> => {
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk } }, ConsistentRead: true }));
    return itemSize(Item ?? {});
  };
  const account = accountPk(tenant, accountId);
  const id = keyId(tenant, key);
  await ledger.openAccount(callContext(), { accountId, currency: payment.currency, balance: 1_000_000 });
  const emptyAccount = await sizeAt(account);
  await ledger.authorise(callContext(), { ...payment, accountId, idempotencyKey: key });
  const [claim, oneHold] = [await sizeAt(keyItemPk(id)), await sizeAt(account)];
  await ledger.move(callContext(), { type: 'CAPTURE', paymentId: `pay_${id}`, idempotencyKey: `${key}-capture` });
  const entry = oneHold - emptyAccount;
  return {
    claim,
    capturedPayment: await sizeAt(keyItemPk(id)),
    captureMove: await sizeAt(keyItemPk(keyId(tenant, `${key}-capture`))),
    emptyAccount,
    entry,
    entriesInOneKilobyte: Math.floor((1024 - emptyAccount) / entry),
  };
}
