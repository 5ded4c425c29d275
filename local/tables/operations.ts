/* What a DynamoDB request does to which tables: as much of it as routing needs. */

/** Attribute values as the protocol writes them. */
export type Item = Record<string, unknown>;
export interface DynamoInput {
  readonly [member: string]: unknown;
}

export interface TableUse {
  readonly table: string;
  readonly kind: 'write' | 'strong-read' | 'local';
  /** Items that are named, in full or as (parts of) keys. */
  readonly items: readonly Item[];
  /** IAM action that this use needs. */
  readonly action: string;
}

/** Operations on items that a transaction makes; an MRSC table takes none of them. */
export const transactions: ReadonlySet<string> = new Set(['TransactWriteItems', 'TransactGetItems', 'ExecuteTransaction']);

/** Every table that a request names, once, and what it does there. Empty: nothing that routing has to know. */
export function tableUses(operation: string, input: DynamoInput): TableUse[] {
  const action = `dynamodb:${operation}`;
  switch (operation) {
    case 'PutItem':
      return single(input, 'write', [input.Item as Item], action);
    case 'UpdateItem':
    case 'DeleteItem':
      return single(input, 'write', [input.Key as Item], action);
    case 'GetItem':
      return single(input, input.ConsistentRead === true ? 'strong-read' : 'local', [input.Key as Item], action);
    case 'Query':
    case 'Scan':
      return single(input, input.ConsistentRead === true && !input.IndexName ? 'strong-read' : 'local', [equalities(input)], action);
    case 'BatchWriteItem':
      return batchWrite(input, action);
    case 'BatchGetItem':
      return batchGet(input, action);
    case 'ExecuteStatement':
      return [statementUse(input)];
    case 'BatchExecuteStatement':
      return ((input.Statements ?? []) as DynamoInput[]).map(statementUse);
    case 'TransactWriteItems':
    case 'TransactGetItems':
      return transaction(input, action);
    case 'ExecuteTransaction':
      return ((input.TransactStatements ?? []) as DynamoInput[]).map(statementUse);
    default:
      return [];
  }
}

/** A table's name from its name or ARN. */
export function tableName(nameOrArn: unknown): string {
  const text = typeof nameOrArn === 'string' ? nameOrArn : '';
  return text.startsWith('arn:') ? (text.split('/')[1] ?? '') : text;
}

function single(input: DynamoInput, kind: TableUse['kind'], items: readonly Item[], action: string): TableUse[] {
  return [{ table: tableName(input.TableName), kind, items: items.filter(Boolean), action }];
}

/** Attributes that a key condition fixes, which are the partition key and at times the sort key. */
function equalities(input: DynamoInput): Item {
  const names = (input.ExpressionAttributeNames ?? {}) as Record<string, string>;
  const values = (input.ExpressionAttributeValues ?? {}) as Item;
  const item: Item = {};
  for (const condition of String(input.KeyConditionExpression ?? '').split(/\bAND\b/i)) {
    const [name, value] = condition.replace(/[\s()]/g, '').split('=');
    if (/^[#\w.-]+$/.test(name) && /^:\w+$/.test(value ?? '')) item[names[name] ?? name] = values[value];
  }
  return item;
}

function batchWrite(input: DynamoInput, action: string): TableUse[] {
  return Object.entries((input.RequestItems ?? {}) as Record<string, { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>).map(
    ([name, requests]) => ({
      table: tableName(name),
      kind: 'write' as const,
      items: (Array.isArray(requests) ? requests : []).map((request) => request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {}),
      action,
    }),
  );
}

function batchGet(input: DynamoInput, action: string): TableUse[] {
  return Object.entries((input.RequestItems ?? {}) as Record<string, { ConsistentRead?: boolean; Keys?: Item[] }>).map(
    ([name, request]) => ({
      table: tableName(name),
      kind: request?.ConsistentRead === true ? ('strong-read' as const) : ('local' as const),
      items: request?.Keys ?? [],
      action,
    }),
  );
}

function transaction(input: DynamoInput, action: string): TableUse[] {
  const members = (input.TransactItems ?? []) as Record<string, { TableName?: string }>[];
  const names = new Set(members.flatMap((member) => Object.values(member ?? {}).map((part) => tableName(part?.TableName))));
  return [...names].map((table) => ({ table, kind: 'write', items: [], action }));
}

const statementForms: readonly [RegExp, TableUse['kind'], string][] = [
  [/^\s*INSERT\s+INTO\s+"?([\w.-]+)"?/i, 'write', 'dynamodb:PartiQLInsert'],
  [/^\s*UPDATE\s+"?([\w.-]+)"?/i, 'write', 'dynamodb:PartiQLUpdate'],
  [/^\s*DELETE\s+FROM\s+"?([\w.-]+)"?/i, 'write', 'dynamodb:PartiQLDelete'],
  [/\bFROM\s+"?([\w.-]+)"?/i, 'local', 'dynamodb:PartiQLSelect'],
];

function statementUse(input: DynamoInput): TableUse {
  for (const [form, kind, action] of statementForms) {
    const table = form.exec(String(input.Statement ?? ''))?.[1];
    if (table) return { table, kind: kind === 'local' && input.ConsistentRead === true ? 'strong-read' : kind, items: [], action };
  }
  return { table: '', kind: 'local', items: [], action: 'dynamodb:PartiQLSelect' };
}
