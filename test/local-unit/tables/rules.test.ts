import fc from 'fast-check';
import { RegionState } from '../../../local/ground/model';
import { createLinks } from '../../../local/proxy';
import { wins } from '../../../local/tables/eventual-table';
import { inboundLagMs, nearestMember } from '../../../local/tables/members';
import { tableUses } from '../../../local/tables/operations';
import { ReplicaCopy, type PendingChange } from '../../../local/tables/replica-copy';
import { WritesInFlight } from '../../../local/tables/write-conflicts';
import { turns } from '../../turns';

const members = ['a', 'b', 'w'];
const engines = (states: Record<string, RegionState> = {}) => ({
  engine: (region: string) => ({ engineSocket: '', state: states[region] ?? ('running' as RegionState) }),
});

describe('the quorum rule', () => {
  it('takes the nearest other member, there and back', () => {
    const links = createLinks(members, { lagMs: 20 });
    links.set('a', 'w', { lagMs: 5 });
    expect(nearestMember('a', members, links, engines())).toEqual({ member: 'w', outMs: 5, backMs: 20 });
  });

  it('needs one other member that runs and is reached in both directions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
        (cut, stopped) => {
          const links = createLinks(members, { lagMs: 1 });
          links.all().forEach((link, index) => links.set(link.from, link.to, { partitioned: cut[index] }));
          const states = engines({ a: stopped[0] ? 'stopped' : 'running', b: stopped[1] ? 'stopped' : 'running' });
          for (const from of members) {
            const reached = members.filter(
              (other) =>
                other !== from &&
                states.engine(other).state === 'running' &&
                !links.get(from, other).partitioned &&
                !links.get(other, from).partitioned,
            );
            const expected = states.engine(from).state === 'running' && reached.length > 0;
            expect(nearestMember(from, members, links, states) !== undefined).toBe(expected);
          }
        },
      ),
    );
  });

  it('lets a region follow the others while any of them reaches it', () => {
    const links = createLinks(members, { lagMs: 10 });
    links.set('w', 'b', { lagMs: 3 });
    expect(inboundLagMs('b', members, links, engines(), 'a')).toBe(10);
    expect(inboundLagMs('b', members, links, engines(), 'b')).toBe(0);
    links.set('a', 'b', { partitioned: true });
    expect(inboundLagMs('b', members, links, engines(), 'a')).toBe(3);
    links.set('w', 'b', { partitioned: true });
    expect(inboundLagMs('b', members, links, engines(), 'a')).toBeUndefined();
    expect(inboundLagMs('b', members, links, engines({ b: 'stopped' }), 'b')).toBeUndefined();
  });
});

describe('writes in flight', () => {
  it('conflict between regions and not within one', () => {
    const writes = new WritesInFlight();
    const first = writes.begin('a', ['1', '2'])!;
    const second = writes.begin('a', ['2'])!;
    expect(writes.begin('b', ['3', '2'])).toBeUndefined();
    expect(writes.begin('b', ['3'])).toBeDefined();
    first();
    first();
    expect(writes.begin('b', ['2'])).toBeUndefined();
    second();
    expect(writes.begin('b', ['1', '2'])).toBeDefined();
  });
});

describe("a replica's own copy", () => {
  it('takes changes in order per item, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.boolean(), { maxLength: 5 }),
        async (items, failures) => {
          const taken: PendingChange[] = [];
          const left = [...failures];
          const copy = new ReplicaCopy({
            lagMs: () => 0,
            write: async (batch) => {
              if (left.pop()) return false;
              expect(new Set(batch.map((change) => change.id)).size).toBe(batch.length);
              taken.push(...batch);
              return true;
            },
          });
          copy.push(items.map((item, index) => ({ key: {}, id: String(item), image: { n: index }, at: Date.now() })));
          const turn = turns('a copy that catches up');
          while (copy.behindMs(Date.now() + 1) > 0) {
            turn();
            await new Promise((resolve) => {
              setTimeout(resolve, 1);
            });
          }
          await copy.close();
          for (const item of new Set(items)) {
            const order = taken.filter((change) => change.id === String(item)).map((change) => change.image!.n as number);
            expect(order).toEqual(items.flatMap((each, index) => (each === item ? [index] : [])));
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('the last writer', () => {
  it("wins by time, then by the region's name", () => {
    expect(wins({ at: 1, region: 'a' }, undefined)).toBe(true);
    expect(wins({ at: 2, region: 'a' }, { at: 1, region: 'b' })).toBe(true);
    expect(wins({ at: 1, region: 'b' }, { at: 2, region: 'a' })).toBe(false);
    expect(wins({ at: 1, region: 'b' }, { at: 1, region: 'a' })).toBe(true);
    expect(wins({ at: 1, region: 'a' }, { at: 1, region: 'b' })).toBe(false);
  });
});

describe('what a request does to tables', () => {
  it.each<[string, object, [string, string][]]>([
    ['PutItem', { TableName: 't', Item: {} }, [['t', 'write']]],
    ['UpdateItem', { TableName: 'arn:aws:dynamodb:us-east-1:000000000000:table/t', Key: {} }, [['t', 'write']]],
    ['GetItem', { TableName: 't' }, [['t', 'local']]],
    ['GetItem', { TableName: 't', ConsistentRead: true }, [['t', 'strong-read']]],
    ['Query', { TableName: 't', ConsistentRead: true }, [['t', 'strong-read']]],
    ['Query', { TableName: 't', IndexName: 'i', ConsistentRead: true }, [['t', 'local']]],
    [
      'BatchWriteItem',
      { RequestItems: { t: [], u: [{ DeleteRequest: { Key: {} } }] } },
      [
        ['t', 'write'],
        ['u', 'write'],
      ],
    ],
    [
      'BatchGetItem',
      { RequestItems: { t: { ConsistentRead: true }, u: {} } },
      [
        ['t', 'strong-read'],
        ['u', 'local'],
      ],
    ],
    ['TransactWriteItems', { TransactItems: [{ Put: { TableName: 't' } }, { ConditionCheck: { TableName: 't' } }] }, [['t', 'write']]],
    ['ExecuteStatement', { Statement: 'update "t" set a = 1 where pk = \'x\'' }, [['t', 'write']]],
    ['ExecuteStatement', { Statement: 'SELECT * FROM "t"', ConsistentRead: true }, [['t', 'strong-read']]],
    ['DescribeTable', { TableName: 't' }, []],
  ])('%s %j', (operation, input, expected) => {
    expect(tableUses(operation, input as never).map((use) => [use.table, use.kind])).toEqual(expected);
  });

  it('names the keys that a query fixes', () => {
    const [use] = tableUses('Query', {
      TableName: 't',
      KeyConditionExpression: '#p = :p AND begins_with(sk, :s)',
      ExpressionAttributeNames: { '#p': 'pk' },
      ExpressionAttributeValues: { ':p': { S: 'x' }, ':s': { S: 'y' } },
    });
    expect(use.items).toEqual([{ pk: { S: 'x' } }]);
  });
});
