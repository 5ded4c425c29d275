import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { createApprovalsTable, tableName } from './table';
import { GateWorld, MemoryApprovals, rules, inputOf, ann, cem } from './world';
import { DynamoApprovals } from '../../src/approvals/aws';
import { delivered, requestOf } from '../../src/approvals/domain';
import { ApprovalRecord, ApprovalRequest } from '../../src/approvals/model';
import { ApprovalStore } from '../../src/approvals/ports';
import { Engine, engineBinary, startEngine } from '../../tools/engine';

let ids = 0;
const request = (): ApprovalRequest => requestOf(inputOf(), rules, `id-${String((ids += 1)).padStart(19, '0')}`, 1_000_000);
const record = ({ id, version }: ApprovalRequest): ApprovalRecord => ({ id, version, atMs: 1_000_000, what: 'ANSWERED', content: '{}' });

function holds(open: () => ApprovalStore): void {
  test('a request is created once, and read back whole', async () => {
    const asked = request();
    expect(await open().create(asked, record(asked))).toBe('created');
    expect(await open().create(asked, record(asked))).toBe('exists');
    expect(await open().read(asked.id)).toEqual(asked);
    expect(await open().read('id-9999999999999999999')).toBeUndefined();
  });

  test('of two who saw the same version one is refused, with the record', async () => {
    const asked = request();
    await open().create(asked, record(asked));
    const [one, two] = ['one', 'two'].map((question) => ({ ...asked, question, version: 2 }));
    const answers = await Promise.all([open().replace(one, record(one)), open().replace(two, record(two))]);
    expect(answers.sort()).toEqual(['lost', 'replaced']);
    expect(await open().replace({ ...asked, version: 2 })).toBe('lost');
    expect(await open().replace({ ...asked, version: 3 })).toBe('replaced');
    expect(await open().replace({ ...asked, id: 'id-9999999999999999998', version: 2 })).toBe('lost');
  });

  test('a record is never written over', async () => {
    const asked = request();
    await open().create(asked, record(asked));
    // A writer that numbers wrongly: its request would fit, its record is there already.
    expect(await open().replace({ ...asked, version: 2 }, record(asked))).toBe('lost');
    expect((await open().read(asked.id))?.version).toBe(1);
  });

  test('what is due is listed by time until it is done', async () => {
    const before = await open().pending();
    const [late, soon] = [
      { ...request(), dueAtMs: 200 },
      { ...request(), dueAtMs: 100 },
    ];
    for (const each of [late, soon]) await open().create(each, record(each));
    expect(await open().due(150, 10)).toEqual([soon.id]);
    expect(await open().due(250, 10)).toEqual([soon.id, late.id]);
    expect(await open().due(250, 1)).toEqual([soon.id]);
    expect(await open().pending()).toBe(before + 2);
    for (const each of [late, soon]) await open().replace(delivered(each, 'SENT'));
    expect(await open().due(250, 10)).toEqual([]);
    expect((await open().read(soon.id))?.token).toBeUndefined();
  });
}

describe('in memory', () => {
  const store = new MemoryApprovals();
  holds(() => store);
});

(engineBinary() ? describe : describe.skip)('in DynamoDB', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await createApprovalsTable(engine.client);
  });
  afterAll(() => engine.close());
  holds(() => new DynamoApprovals(engine.client, tableName));

  test('a request and its first record are new, both of them', async () => {
    const store = new DynamoApprovals(engine.client, tableName);
    const [asked, other] = [request(), request()];
    await store.create(asked, record(asked));
    // One of the two is there, as no writer of ours leaves it.
    expect(await store.create(other, record(asked))).toBe('exists');
    expect(await store.read(other.id)).toBeUndefined();
    expect(await store.create({ ...asked, question: 'another' }, record(other))).toBe('exists');
    expect(await store.read(asked.id)).toEqual(asked);
  });

  test('a whole approval leaves its lines, and no token', async () => {
    const world = new GateWorld(
      { required: 2 },
      { store: new DynamoApprovals(engine.client, tableName), newId: () => 'whole-approval-0000001' },
    );
    const id = await world.ask();
    await Promise.all([world.gate.answer(id, ann, 'approve'), world.gate.answer(id, cem, 'approve', 'fine')]);
    expect(world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'APPROVED' });
    const { Items = [] } = await engine.client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `d#${id}` } },
      }),
    );
    expect(Items.map(({ what }) => what.S)).toEqual(['ASKED', 'ANSWERED', 'DECIDED']);
    expect(JSON.stringify([Items, await world.store.read(id)])).not.toContain('TOKEN');
  });
});
