import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { fenceMark } from './contract';
import { Change, Condition, Item, Path, Value } from './ports';

/** The ledger's values as DynamoDB attribute values, and its conditions and changes as expressions. */

export function toAttribute(value: Value): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is not a whole number within the safe range: the ledger stores no other`);
    return { N: String(value) };
  }
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: toAttributes(value as Readonly<Record<string, Value>>) };
}

export function toAttributes(values: Readonly<Record<string, Value>>): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  for (const name of Object.keys(values)) attributes[name] = toAttribute(values[name]);
  return attributes;
}

export function fromAttribute(attribute: AttributeValue): Value {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map(fromAttribute);
  if (attribute.M !== undefined) return fromAttributes(attribute.M);
  throw new Error(`the ledger writes no attribute of type ${Object.keys(attribute).join()}: the item was changed by another program`);
}

export function fromAttributes(attributes: Record<string, AttributeValue>): Record<string, Value> {
  const values: Record<string, Value> = {};
  // The mark is for another reader: see `toStored`, `isForNewReaders`.
  for (const name of Object.keys(attributes)) if (name !== fenceMark) values[name] = fromAttribute(attributes[name]);
  return values;
}

/**
 * An item as it is put. A fence has an attribute of a type that the ledger's first version refuses to read: to it a fence would be another
 * request's claim, and it would say so (422); now it fails instead, and the request is sent again. So has what else it would read wrongly,
 * where a later epoch puts it as it was.
 */
export function toStored(item: Item): Record<string, AttributeValue> {
  const isForNew = item.kind === 'FENCE' || Object.entries(item).some(([name, value]) => isForNewReaders(name, value));
  return isForNew ? { ...toAttributes(item), [fenceMark]: { NULL: true } } : toAttributes(item);
}

/**
 * Whether an attribute makes of an item what the version before would read wrongly: a closure that is owed to the account, a turn that a
 * refusal has taken, a date of an entry, the line of an account's epochs. It gets the same attribute, and that version fails on it
 * instead.
 */
const isForNewReaders = (name: string, value: Value): boolean =>
  ['dueAt', 'entryAt', 'line'].includes(name) || (name === 'pending' && (value as { readonly refused?: true }).refused === true);

export const toItem = (attributes: Record<string, AttributeValue>): Item => fromAttributes(attributes) as Item;

interface Expressions {
  readonly ConditionExpression: string;
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/** A change as the expressions of an UpdateItem. The item must exist: an update of nothing would create it. */
export function toExpressions(change: Change): Expressions {
  const names = new Map<string, string>();
  const values: Record<string, AttributeValue> = {};
  const placeholder = (name: string): string => {
    if (!names.has(name)) names.set(name, `#${names.size}`);
    return names.get(name)!;
  };
  const at = (path: Path): string => path.map(placeholder).join('.');
  const ofAttribute = (attribute: AttributeValue): string => {
    const name = `:${Object.keys(values).length}`;
    values[name] = attribute;
    return name;
  };
  const of = (value: Value): string => ofAttribute(toAttribute(value));
  const conditions = [`attribute_exists(${placeholder('pk')})`, ...change.require.map((condition) => conditionOf(condition, at, of))];
  const set = [
    ...(change.set ?? []).map(([path, value]) => `${at(path)} = ${of(value)}`),
    ...(change.add ?? []).map(([path, amount]) => `${at(path)} = ${at(path)} + ${of(amount)}`),
    ...((change.set ?? []).some(([[name], value]) => isForNewReaders(name, value))
      ? [`${placeholder(fenceMark)} = ${ofAttribute({ NULL: true })}`]
      : []),
  ];
  const remove = (change.remove ?? []).map(at);
  return {
    ConditionExpression: conditions.join(' AND '),
    UpdateExpression: [
      ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
      ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
    ].join(' '),
    ExpressionAttributeNames: Object.fromEntries([...names].map(([name, short]) => [short, name])),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
  };
}

function conditionOf(condition: Condition, at: (path: Path) => string, of: (value: Value) => string): string {
  switch (condition.test) {
    case 'absent':
      return `attribute_not_exists(${at(condition.path)})`;
    case 'equals':
      return `${at(condition.path)} = ${of(condition.value)}`;
    case 'oneOf':
      return `${at(condition.path)} IN (${condition.value.map(of).join(', ')})`;
    case 'atLeast':
      return `${at(condition.path)} >= ${of(condition.value)}`;
    case 'below':
      return `${at(condition.path)} < ${of(condition.value)}`;
    case 'fewer':
      return `size(${at(condition.path)}) < ${of(condition.value)}`;
  }
}
