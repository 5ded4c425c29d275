import { inboxMetadata, inboxSchema } from '../../src/events/contract';
import type { FabricResource, ReceivedEvent, RegionHandle } from '../ground/model';
import type { AwsApi } from '../network/aws-api';

interface Inbox {
  readonly region: string;
  readonly table: string;
  readonly consumer: string;
}
type InboxItem = Readonly<Record<string, Record<string, any>>>;

const latestLimit = 1_000;

/** What the consumers of all running regions tell of their events, read from their own inboxes. */
export class Inboxes {
  private readonly inboxes: readonly Inbox[];

  constructor(
    private readonly api: AwsApi,
    resources: readonly FabricResource[],
    private readonly regions: readonly RegionHandle[],
  ) {
    this.inboxes = resources.flatMap(({ region, properties, physicalId, metadata }) => {
      const mark = metadata?.[inboxMetadata] as { consumer?: unknown } | undefined;
      const table = physicalId ?? properties.TableName;
      return mark && table ? [{ region, table: String(table), consumer: String(mark.consumer ?? '') }] : [];
    });
  }

  public async events({
    paymentId,
    limit = latestLimit,
  }: {
    readonly paymentId?: string;
    readonly limit?: number;
  }): Promise<ReceivedEvent[]> {
    const running = this.inboxes.filter(({ region }) => this.regions.find(({ name }) => name === region)?.state === 'running');
    const rows = (await Promise.all(running.map((inbox) => this.read(inbox, paymentId)))).flat();
    return rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-limit);
  }

  private async read(inbox: Inbox, subject: string | undefined): Promise<ReceivedEvent[]> {
    const rows: ReceivedEvent[] = [];
    let start: unknown;
    do {
      const page = await this.api.json<{ Items: InboxItem[]; LastEvaluatedKey?: unknown }>(inbox.region, 'dynamodb', 'Scan', {
        TableName: inbox.table,
        ...(start ? { ExclusiveStartKey: start } : {}),
        FilterExpression: `begins_with(#pk, :prefix)${subject === undefined ? '' : ' AND #subject = :subject'}`,
        ExpressionAttributeNames: {
          '#pk': inboxSchema.partitionKey,
          ...(subject === undefined ? {} : { '#subject': inboxSchema.subject }),
        },
        ExpressionAttributeValues: {
          ':prefix': { S: inboxSchema.eventPrefix },
          ...(subject === undefined ? {} : { ':subject': { S: subject } }),
        },
      });
      for (const item of page.Items) rows.push(...rowsOf(item, inbox));
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  }
}

/** One row for the effect, one for each delivery that was discarded. */
export function rowsOf(item: InboxItem, { region, consumer }: Pick<Inbox, 'region' | 'consumer'>): ReceivedEvent[] {
  const text = (name: string): string => String(item[name]?.S ?? '');
  const row = (at: number, duplicate: boolean): ReceivedEvent => ({
    eventId: inboxSchema.eventIdOf(text(inboxSchema.partitionKey)),
    region,
    type: text(inboxSchema.type),
    paymentId: text(inboxSchema.subject),
    traceId: text(inboxSchema.traceId),
    at: new Date(at).toISOString(),
    duplicate,
    consumer,
  });
  const done = item[inboxSchema.doneAt]?.N;
  const duplicates = ((item[inboxSchema.duplicates]?.L ?? []) as { N?: string }[]).map(({ N }) => Number(N)).filter((at) => at > 0);
  return [...(done === undefined ? [] : [row(Number(done), false)]), ...duplicates.map((at) => row(at, true))];
}
