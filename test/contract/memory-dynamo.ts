import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

/**
 * DynamoDB in memory, as far as the mesh's stores use it: single-item puts, updates and reads with their expressions, and transactions of
 * updates. The suites that hold a store to a real engine hold it to this one too. A request takes effect at once, in `perform`.
 */

type Row = Record<string, AttributeValue>;
type Names = Readonly<Record<string, string>> | undefined;
type Values = Readonly<Record<string, AttributeValue>> | undefined;
interface Scope {
  readonly row: Row;
  readonly names: Names;
  readonly values: Values;
}
type Operand = (scope: Scope) => AttributeValue | undefined;
type Test = (scope: Scope) => boolean;
type Write = (scope: Scope, to: Row) => void;

interface WriteInput {
  readonly TableName?: string;
  readonly Key?: Row;
  readonly Item?: Row;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Names;
  readonly ExpressionAttributeValues?: Values;
}

export type DynamoCommand = PutItemCommand | UpdateItemCommand | GetItemCommand | TransactWriteItemsCommand;

export class MemoryDynamo {
  /** By table and key. */
  public readonly rows = new Map<string, Row>();

  /** A client whose requests go through `carry`, which performs them now, later, twice or never. */
  public client(carry: (effect: () => unknown, what: string) => Promise<unknown>): DynamoDBClient {
    return { send: (command: DynamoCommand) => carry(() => this.perform(command), command.constructor.name) } as unknown as DynamoDBClient;
  }

  /** What a request comes to, at this moment. */
  public perform(command: DynamoCommand): unknown {
    if (command instanceof GetItemCommand) return { Item: this.rows.get(keyOf(command.input)) };
    if (command instanceof TransactWriteItemsCommand) {
      return this.transact(command.input.TransactItems!.map(({ Update: update }) => update as WriteInput));
    }
    const input = command.input as WriteInput;
    const found = this.rows.get(keyOf(input));
    if (!allows(input, found)) {
      throw new ConditionalCheckFailedException({ $metadata: {}, message: 'The conditional request failed', Item: found });
    }
    this.write(input);
    return {};
  }

  private transact(updates: readonly WriteInput[]): unknown {
    const refused = updates.some((update) => !allows(update, this.rows.get(keyOf(update))));
    if (refused) throw new TransactionCanceledException({ $metadata: {}, message: 'Transaction cancelled' });
    for (const update of updates) this.write(update);
    return {};
  }

  private write(input: WriteInput): void {
    const key = keyOf(input);
    const row = this.rows.get(key) ?? {};
    const to = input.Item ?? { ...row, ...input.Key };
    if (input.UpdateExpression !== undefined) {
      const scope = { row, names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues };
      for (const write of updateOf(input.UpdateExpression)) write(scope, to);
    }
    this.rows.set(key, to);
  }
}

const keyOf = ({ TableName, Key, Item }: WriteInput): string => `${TableName} ${(Key ?? Item)!.pk.S}`;

function allows(
  { ConditionExpression, ExpressionAttributeNames: names, ExpressionAttributeValues: values }: WriteInput,
  found: Row | undefined,
): boolean {
  return ConditionExpression === undefined || conditionOf(ConditionExpression)({ row: found ?? {}, names, values });
}

const conditions = new Map<string, Test>();
const updates = new Map<string, readonly Write[]>();

function conditionOf(text: string): Test {
  const known = conditions.get(text) ?? new Parser(text).condition();
  conditions.set(text, known);
  return known;
}

function updateOf(text: string): readonly Write[] {
  const known = updates.get(text) ?? new Parser(text).update();
  updates.set(text, known);
  return known;
}

const plain = (value: AttributeValue | undefined): string | number | undefined => (value?.N === undefined ? value?.S : Number(value.N));

function compare(one: AttributeValue | undefined, sign: string, other: AttributeValue | undefined): boolean {
  const [left, right] = [plain(one), plain(other)];
  // What is not there, or of another type, compares with nothing.
  if (left === undefined || right === undefined || typeof left !== typeof right) return false;
  switch (sign) {
    case '=':
      return left === right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      throw new Error(`no such comparison: ${sign}`);
  }
}

/** Expressions as far as the mesh's stores use them; anything else is an error. */
class Parser {
  private readonly tokens: string[];

  constructor(private readonly text: string) {
    this.tokens = text.match(/[#:]?[A-Za-z0-9_]+|<=|>=|[=<>(),+]/g) ?? [];
  }

  public condition(): Test {
    const test = this.either();
    if (this.tokens.length > 0) throw new Error(`cannot read '${this.tokens.join(' ')}' in ${this.text}`);
    return test;
  }

  public update(): readonly Write[] {
    const writes: Write[] = [];
    while (this.tokens.length > 0) {
      const clause = this.next();
      if (clause !== 'SET' && clause !== 'ADD') throw new Error(`cannot read '${clause}' in ${this.text}`);
      do writes.push(clause === 'SET' ? this.assignment() : this.addition());
      while (this.skip(','));
    }
    return writes;
  }

  private assignment(): Write {
    const name = this.next();
    this.take('=');
    const first = this.operand();
    const more = this.skip('+') ? this.operand() : undefined;
    return (scope, to) => {
      const [value, plus] = [first(scope), more?.(scope)];
      if (value === undefined || (more && plus === undefined)) throw new Error(`an operand is not there in ${this.text}`);
      to[nameIn(name, scope.names)] = plus ? { N: String(Number(value.N) + Number(plus.N)) } : value;
    };
  }

  private addition(): Write {
    const name = this.next();
    const amount = this.operand();
    return (scope, to) => {
      const path = nameIn(name, scope.names);
      to[path] = { N: String(Number(scope.row[path]?.N ?? 0) + Number(amount(scope)!.N)) };
    };
  }

  private either(): Test {
    const tests = [this.both()];
    while (this.skip('OR')) tests.push(this.both());
    return (scope) => tests.some((test) => test(scope));
  }

  private both(): Test {
    const tests = [this.single()];
    while (this.skip('AND')) tests.push(this.single());
    return (scope) => tests.every((test) => test(scope));
  }

  private single(): Test {
    if (this.skip('NOT')) {
      const test = this.single();
      return (scope) => !test(scope);
    }
    if (this.skip('(')) {
      const test = this.either();
      this.take(')');
      return test;
    }
    if (this.tokens[0] === 'attribute_not_exists') {
      this.take('attribute_not_exists', '(');
      const name = this.next();
      this.take(')');
      return ({ row, names }) => row[nameIn(name, names)] === undefined;
    }
    const left = this.operand();
    if (this.skip('BETWEEN')) {
      const from = this.operand();
      this.take('AND');
      const to = this.operand();
      return (scope) => compare(from(scope), '<=', left(scope)) && compare(left(scope), '<=', to(scope));
    }
    const sign = this.next();
    const right = this.operand();
    return (scope) => compare(left(scope), sign, right(scope));
  }

  private operand(): Operand {
    const name = this.next();
    if (name.startsWith(':')) return ({ values }) => values?.[name];
    if (!this.skip('(')) return ({ row, names }) => row[nameIn(name, names)];
    const first = this.operand();
    const second = this.skip(',') ? this.operand() : undefined;
    this.take(')');
    switch (name) {
      case 'size':
        return (scope) => {
          const list = first(scope)?.L;
          return list && { N: String(list.length) };
        };
      case 'if_not_exists':
        return (scope) => first(scope) ?? second!(scope);
      case 'list_append':
        return (scope) => ({ L: [...first(scope)!.L!, ...second!(scope)!.L!] });
      default:
        throw new Error(`no such function: ${name} in ${this.text}`);
    }
  }

  private next(): string {
    const token = this.tokens.shift();
    if (token === undefined) throw new Error(`${this.text} ends too early`);
    return token;
  }

  private skip(token: string): boolean {
    if (this.tokens[0] !== token) return false;
    this.tokens.shift();
    return true;
  }

  private take(...expected: string[]): void {
    for (const token of expected) {
      if (!this.skip(token)) throw new Error(`'${token}' expected before '${this.tokens.join(' ')}' in ${this.text}`);
    }
  }
}

function nameIn(name: string, names: Names): string {
  if (!name.startsWith('#')) return name;
  const meant = names?.[name];
  if (meant === undefined) throw new Error(`nobody says what ${name} is`);
  return meant;
}
