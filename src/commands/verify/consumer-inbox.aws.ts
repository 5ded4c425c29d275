import { AttributeValue, BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RegionClient } from './drain-switch.aws';
import { inboxSchema, inboxTableName, ledgerEventSource } from '../../events/contract';
import { eventIdOf } from '../../events/outbox/domain';
import { namedCauseOf } from '../../kernel/cause';
import { idOfPaymentId, paymentIdOf } from '../../ledger/protocol/domain';
import type { ConsumerRecord } from '../../scenario/events.service';

export interface ConsumerInboxSettings {
  readonly systemName: string;
  /** As `IdempotentConsumer.consumerName` has it. */
  readonly consumer: string;
  /** Tenant of the payments. */
  readonly tenant: string;
  readonly regions: readonly string[];
  readonly clients: RegionClient;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const batchSize = 100;

/** The inbox of a consumer, in each region. Throws where it is not there, or may not be read. */
export async function consumerInbox({ systemName, consumer, tenant, regions, clients }: ConsumerInboxSettings): Promise<ConsumerRecord> {
  const table = inboxTableName(systemName, consumer);
  const client = new Map(regions.map((region) => [region, new DynamoDBClient({ region, ...clients(region) })]));
  const source = ledgerEventSource(systemName);
  const keyOf = (id: string): string => inboxSchema.eventKey({ source, tenant, id: eventIdOf(id) });
  const applied = async (region: string, paymentIds: readonly string[]): Promise<ReadonlySet<string>> => {
    const ids = new Map(
      paymentIds.flatMap((paymentId) => {
        const id = idOfPaymentId(paymentId);
        return id === undefined ? [] : [[keyOf(id), paymentId]];
      }),
    );
    const keys = [...ids.keys()].map((key) => ({ [inboxSchema.partitionKey]: { S: key } }));
    const answers: Record<string, AttributeValue>[] = [];
    // What DynamoDB leaves out of an answer is asked for at the next look.
    for (let at = 0; at < keys.length; at += batchSize) {
      const asked = { [table]: { Keys: keys.slice(at, at + batchSize) } };
      const { Responses } = await client.get(region)!.send(new BatchGetItemCommand({ RequestItems: asked }));
      answers.push(...(Responses?.[table] ?? []));
    }
    const done = answers.filter((item) => item[inboxSchema.state]?.S === 'DONE');
    return new Set(done.map((item) => ids.get(item[inboxSchema.partitionKey].S!)!));
  };
  for (const region of regions) {
    await applied(region, [paymentIdOf('0'.repeat(22))]).catch((error: unknown) => {
      throw new Error(`${table} in ${region} cannot be read: ${namedCauseOf(error)}`);
    });
  }
  return { place: `${table} in ${regions.length} regions`, applied };
}
