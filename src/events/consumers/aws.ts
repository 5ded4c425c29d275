import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { Claim, Inbox, Subject, Taken } from './service';
import { EventIdentity, inboxSchema } from '../contract';
import type { Completion, DocumentCompletion } from '../runtime.model';

const { partitionKey, state, source, type, subject, origin, traceId, receivedAt, doneAt, duplicates, expires } = inboxSchema;
const running = 'RUNNING';
const done = 'DONE';
const setAside = 'SET_ASIDE';
/** Deliveries noted with their time; later ones are counted by the metric alone. */
const notedDuplicates = 20;

type Attributes = Record<string, AttributeValue>;
const text = (value: string): AttributeValue => ({ S: value });
const number = (value: number): AttributeValue => ({ N: String(value) });
const optional = (name: string, value: string | undefined): Attributes => (value === undefined ? {} : { [name]: text(value) });
const eventKey = (event: EventIdentity): Attributes => ({ [partitionKey]: text(inboxSchema.eventKey(event)) });
const subjectKey = (of: Subject): Attributes => ({ [partitionKey]: text(inboxSchema.subjectKey(of)) });

/** The inbox in a DynamoDB table. */
export class DynamoInbox implements Inbox {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  public async take(claim: Claim): Promise<Taken> {
    const stored = await this.put(claim);
    if (!stored) return { kind: 'taken', attempt: 1 };
    const was = stored[state]?.S;
    if (was === done) {
      await this.noteDuplicate(claim);
      return { kind: 'duplicate' };
    }
    const untilMs = Number(stored.leaseUntil?.N ?? 0);
    if (was === running && stored.owner?.S !== claim.owner && untilMs > claim.nowMs) return { kind: 'running', untilMs };
    return this.takeOver(claim, stored);
  }

  public finish(claim: Claim, nowMs: number): Promise<boolean> {
    return this.changeOwn(claim, { sets: { [state]: text(done), [doneAt]: number(nowMs), [expires]: number(claim.expires) } });
  }

  public async free(claim: Claim, counts: boolean): Promise<void> {
    await this.changeOwn(claim, { sets: { leaseUntil: number(0) }, ...(counts ? {} : { adds: { attempts: number(-1) } }) });
  }

  public async setAside(claim: Claim): Promise<void> {
    await this.changeOwn(claim, { sets: { [state]: text(setAside), [expires]: number(claim.expires) } });
  }

  public async through(of: Subject): Promise<number | undefined> {
    const { Item: found } = await this.client.send(
      new GetItemCommand({ TableName: this.tableName, Key: subjectKey(of), ConsistentRead: true }),
    );
    return found?.through?.N === undefined ? undefined : Number(found.through.N);
  }

  public advance(of: Subject, sequence: number, until: number): Promise<boolean> {
    return this.update({
      Key: subjectKey(of),
      ConditionExpression: 'attribute_not_exists(#through) OR #through <= :sequence',
      UpdateExpression: 'SET #through = :sequence, #expires = :expires',
      ExpressionAttributeNames: { '#through': 'through', '#expires': expires },
      ExpressionAttributeValues: { ':sequence': number(sequence), ':expires': number(until) },
    });
  }

  /** Puts the event's item unless there is one; returns the one that is there. */
  private async put(claim: Claim): Promise<Attributes | undefined> {
    const { event, owner, nowMs, leaseUntilMs } = claim;
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: {
            ...eventKey(event),
            [state]: text(running),
            [source]: text(event.source),
            [type]: text(event.type),
            [origin]: text(event.origin),
            ...optional(subject, event.subject),
            ...optional(traceId, event.trace?.traceId),
            [receivedAt]: number(nowMs),
            [expires]: number(claim.expires),
            owner: text(owner),
            leaseUntil: number(leaseUntilMs),
            attempts: number(1),
          },
          ConditionExpression: 'attribute_not_exists(#pk)',
          ExpressionAttributeNames: { '#pk': partitionKey },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return undefined;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException && error.Item) return error.Item;
      throw error;
    }
  }

  /** The next attempt, provided that the item is as it was found: of several that find it free, one gets it. */
  private async takeOver(claim: Claim, found: Attributes): Promise<Taken> {
    const { event, owner, nowMs, leaseUntilMs } = claim;
    // My own put, sent twice: what I found is myself.
    const attempt = found.owner?.S === owner ? Number(found.attempts.N) : found[state]?.S === setAside ? 1 : Number(found.attempts.N) + 1;
    const taken = await this.update({
      Key: eventKey(event),
      ConditionExpression: '#state = :was AND #owner = :holder AND #lease = :until',
      UpdateExpression: 'SET #state = :running, #owner = :owner, #lease = :lease, #attempts = :attempt, #expires = :expires',
      ExpressionAttributeNames: {
        '#state': state,
        '#owner': 'owner',
        '#lease': 'leaseUntil',
        '#attempts': 'attempts',
        '#expires': expires,
      },
      ExpressionAttributeValues: {
        ':was': found[state],
        ':holder': found.owner,
        ':until': found.leaseUntil,
        ':running': text(running),
        ':owner': text(owner),
        ':lease': number(leaseUntilMs),
        ':attempt': number(attempt),
        ':expires': number(claim.expires),
      },
    });
    return taken ? { kind: 'taken', attempt } : { kind: 'running', untilMs: nowMs };
  }

  private async noteDuplicate({ event, nowMs }: Claim): Promise<void> {
    await this.update({
      Key: eventKey(event),
      ConditionExpression: 'attribute_not_exists(#duplicates) OR size(#duplicates) < :most',
      UpdateExpression: 'SET #duplicates = list_append(if_not_exists(#duplicates, :none), :now)',
      ExpressionAttributeNames: { '#duplicates': duplicates },
      ExpressionAttributeValues: { ':most': number(notedDuplicates), ':none': { L: [] }, ':now': { L: [number(nowMs)] } },
    });
  }

  /** Changes the item while this attempt holds it. */
  private changeOwn(
    { event, owner }: Claim,
    { sets, adds = {} }: { readonly sets: Attributes; readonly adds?: Attributes },
  ): Promise<boolean> {
    const names = [...Object.keys(sets), ...Object.keys(adds)];
    const set = Object.keys(sets).map((name) => `#${name} = :${name}`);
    const add = Object.keys(adds).map((name) => `#${name} = #${name} + :${name}`);
    return this.update({
      Key: eventKey(event),
      ConditionExpression: '#owner = :holder AND #state = :was',
      UpdateExpression: `SET ${[...set, ...add].join(', ')}`,
      ExpressionAttributeNames: { '#owner': 'owner', '#state': state, ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
      ExpressionAttributeValues: {
        ':holder': text(owner),
        ':was': text(running),
        ...Object.fromEntries(Object.entries({ ...sets, ...adds }).map(([name, value]) => [`:${name}`, value])),
      },
    });
  }

  /** False when the condition does not hold. */
  private async update(input: Omit<UpdateItemCommandInput, 'TableName'>): Promise<boolean> {
    try {
      await this.client.send(new UpdateItemCommand({ TableName: this.tableName, ...input }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

/**
 * The inbox's `DONE` as a part of the handler's own transaction: then effect and record are one write, and no crash comes between them.
 * The transaction fails when another attempt was faster.
 */
export function completion(tableName: string, event: EventIdentity, nowMs: number): Completion {
  const { Update: update } = documentCompletion(tableName, event, nowMs);
  return {
    Update: {
      ...update,
      Key: { [partitionKey]: { S: update.Key[partitionKey] } },
      ExpressionAttributeValues: { ':running': { S: running }, ':done': { S: done }, ':now': { N: String(nowMs) } },
    },
  };
}

/** The same for the document client. */
export function documentCompletion(tableName: string, event: EventIdentity, nowMs: number): DocumentCompletion {
  return {
    Update: {
      TableName: tableName,
      Key: { [partitionKey]: inboxSchema.eventKey(event) },
      ConditionExpression: '#state = :running',
      UpdateExpression: 'SET #state = :done, #doneAt = :now',
      ExpressionAttributeNames: { '#state': state, '#doneAt': doneAt },
      ExpressionAttributeValues: { ':running': running, ':done': done, ':now': nowMs },
    },
  };
}
