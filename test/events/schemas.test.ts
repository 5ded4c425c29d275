import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import ts from 'typescript';
import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { meshEventSource } from '../../src/events/contract';
import type { MeshEvent, PaymentEvent } from '../../src/events/model';
import { sendProbe } from '../../src/events/probes/service';
import { envelopeProblem } from '../../src/events/publishing/envelope.domain';
import type { PublishPorts } from '../../src/events/publishing/publish.service';

interface Schema {
  readonly $id: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly const?: unknown } & Schema>>;
}

const folder = path.join(__dirname, '..', '..', 'schemas');
const schemas = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace('.schema.json', ''),
    JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Schema,
  ]),
);

const model = path.join(__dirname, '..', '..', 'src', 'events', 'model.ts');
const program = ts.createProgram([model], { strict: true, noEmit: true, skipLibCheck: true, types: [] });
const checker = program.getTypeChecker();
const declared = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(model)!)!);

/** Members of a type: whether each must be there, and of what kind it is. */
function membersOf(name: string): Record<string, { readonly required: boolean; readonly kind: string }> {
  const type = checker.getDeclaredTypeOfSymbol(declared.find((symbol) => symbol.name === name)!);
  return Object.fromEntries(
    type.getProperties().map((property) => {
      const own = checker.getTypeOfSymbol(property);
      const text = checker.typeToString(checker.getNonNullableType(own));
      const kind = own.isTypeParameter() ? 'any' : text === 'number' ? text : /^string$|^"/.test(text) ? 'string' : 'object';
      return [property.name, { required: (property.valueDeclaration as ts.PropertySignature).questionToken === undefined, kind }];
    }),
  );
}

function membersIn({ properties = {}, required = [] }: Schema): Record<string, { readonly required: boolean; readonly kind: string }> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type = 'any' }]) => [
      name,
      { required: required.includes(name), kind: type === 'integer' ? 'number' : type },
    ]),
  );
}

describe('schema and type say the same', () => {
  test.each<[string, string, (all: typeof schemas) => Schema]>([
    ['MeshEvent', 'the envelope', ({ event }) => event],
    ['EventTrace', 'its trace', ({ event }) => event.properties!.trace],
    ['PaymentEventData', "a payment's data", (all) => all['payment-data']],
    ['ProbeData', "a probe's data", (all) => all['mesh.probe'].properties!.data],
  ])('%s: %s', (type, _what, schema) => {
    expect(membersIn(schema(schemas))).toEqual(membersOf(type));
  });

  test('there is one for every type of payment event', () => {
    const types = checker.getDeclaredTypeOfSymbol(declared.find(({ name }) => name === 'PaymentEventType')!) as ts.UnionType;
    const names = types.types.map((one) => (one as ts.StringLiteralType).value).sort();
    expect(
      Object.keys(schemas)
        .filter((name) => name.startsWith('payment.'))
        .sort(),
    ).toEqual(names);
    for (const name of names) expect(schemas[name].properties!.type).toEqual({ const: name });
  });
});

const ajv = new Ajv2020({ strict: false });
for (const schema of Object.values(schemas)) ajv.addSchema(schema);
const errors = (name: string, event: unknown): readonly unknown[] => (ajv.validate(schemas[name].$id, event) ? [] : ajv.errors!);

/** What the outbox makes of one payment of each kind. */
async function paymentEvents(): Promise<readonly PaymentEvent[]> {
  const world = new OutboxWorld();
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'a', currency: 'EUR', balance: 10_000 });
  const authorise = async (idempotencyKey: string, amount: number): Promise<string> => {
    const answer = await ledger.authorise(world.context(), {
      idempotencyKey,
      accountId: 'a',
      amount,
      currency: 'EUR',
      reference: 'order 1',
    });
    return (answer as { payment: { paymentId: string } }).payment.paymentId;
  };
  const [first, second] = [await authorise('k1', 1_000), await authorise('k2', 500)];
  await authorise('k3', 1_000_000);
  await ledger.move(world.context(), { type: 'CAPTURE', idempotencyKey: 'k4', paymentId: first, amount: 800 });
  await ledger.move(world.context(), { type: 'REFUND', idempotencyKey: 'k5', paymentId: first, amount: 300 });
  await ledger.move(world.context(), { type: 'VOID', idempotencyKey: 'k6', paymentId: second });
  const bus = new Bus();
  await world.outbox('us-east-1', bus.sink).publish(recordsOf(world.store.stream), world.nowMs + 10_000);
  return [...bus.byId.values()];
}

describe('what is published keeps to them', () => {
  test("the ledger's events, each to the schema of its type alone", async () => {
    const events = await paymentEvents();
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(
      Object.keys(schemas)
        .filter((name) => name.startsWith('payment.'))
        .sort(),
    );
    for (const event of events) {
      expect(errors(event.type, event)).toEqual([]);
      const other = event.type === 'payment.voided' ? 'payment.captured' : 'payment.voided';
      expect(errors(other, event)).not.toEqual([]);
    }
  });

  test('a probe', async () => {
    const put: string[] = [];
    const ports: PublishPorts = {
      put: async (entries) =>
        entries.map(({ detail, source }) => {
          expect(source).toBe(meshEventSource('shop'));
          put.push(detail);
          return { kind: 'accepted' };
        }),
      nowMs: () => 1_800_000_000_000,
      random: () => 0,
      sleep: async () => undefined,
    };
    expect(await sendProbe(ports, 'shop', 'eu-central-1', 1_800_000_005_000)).toEqual({ kind: 'sent' });
    expect(errors('mesh.probe', JSON.parse(put[0]))).toEqual([]);
  });

  const event: MeshEvent = {
    id: 'o-1',
    type: 'order.shipped',
    schemaVersion: 2,
    origin: 'us-east-1',
    occurredAt: '2026-11-22T03:00:00.000Z',
    data: null,
  };
  test.each<[string, object]>([
    ['nothing more', {}],
    ['more than is known', { later: 1 }],
    ['an ID that is none', { id: 'a b' }],
    ['no type', { type: '' }],
    ['no version', { schemaVersion: 0 }],
    ['half a version', { schemaVersion: 1.5 }],
    ['no region', { origin: 'here' }],
    ['another time', { occurredAt: '2026-11-22' }],
    ['no tenant', { tenant: '' }],
    ['too long a tenant', { tenant: 't'.repeat(129) }],
    ['the longest tenant', { tenant: 't'.repeat(128) }],
    ['half a character', { tenant: '\ud800' }],
    ['a control character', { subject: 'a\u0000' }],
    ['too long a subject', { subject: 's'.repeat(129) }],
    ['a subject in any script', { subject: 'заказ № 7 🦊' }],
    ['half a place', { sequence: 0.5 }],
    ['a trace', { trace: { traceId: '1-65f00000-0123456789abcdef01234567', parentId: '0123456789abcdef' } }],
    ['a trace that is none', { trace: { traceId: 'x' } }],
    ['a parent that is none', { trace: { traceId: '1-65f00000-0123456789abcdef01234567', parentId: 'x' } }],
  ])('an envelope with %s is judged by schema and publisher alike', (_what, change) => {
    const given = { ...event, ...change };
    expect(errors('event', given).length === 0).toBe(envelopeProblem(given) === undefined);
  });
});
