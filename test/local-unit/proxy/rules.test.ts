import { judgedResources } from '../../../local/network/resource';
import { createLinks, defaultLagMs } from '../../../local/proxy';
import { invocationStart, outlivedItsTimeout } from '../../../local/proxy/invocation';

describe('the links between regions', () => {
  it('have a lag by distance, the same both ways', () => {
    expect(defaultLagMs('us-east-1', 'us-west-2')).toBe(defaultLagMs('us-west-2', 'us-east-1'));
    expect(defaultLagMs('us-east-1', 'us-east-2')).toBeLessThan(8);
    expect(defaultLagMs('us-east-1', 'us-west-2')).toBeGreaterThan(22);
    expect(defaultLagMs('us-east-1', 'us-west-2')).toBeLessThan(36);
    expect(defaultLagMs('us-east-1', 'us-east-1')).toBe(0);
    expect(defaultLagMs('us-east-1', 'mars-north-1')).toBe(40);
  });

  it('change one direction at a time, and say so', () => {
    const links = createLinks(['a', 'b', 'a'], { lagMs: 7 });
    const changes: unknown[] = [];
    links.onChange((link) => changes.push(link));
    links.set('a', 'b', { partitioned: true });
    links.set('a', 'b', { lagMs: 9, partitioned: undefined });
    expect(links.all()).toEqual([
      { from: 'a', to: 'b', lagMs: 9, partitioned: true },
      { from: 'b', to: 'a', lagMs: 7, partitioned: false },
    ]);
    expect(changes).toHaveLength(2);
    expect(links.get('a', 'a')).toMatchObject({ lagMs: 0, partitioned: false });
  });

  it('are unknown by name for a region that the run has not', () => {
    expect(() => createLinks(['a', 'b']).set('a', 'c', { lagMs: 1 })).toThrow(
      'there is no link from a to c: this run has the regions a, b',
    );
  });
});

describe('an invocation that was frozen', () => {
  const second = 1_700_000_000_000;
  const started = invocationStart(`Root=1-${(second / 1000).toString(16)}-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1`)!;

  it('is told by its trace ID', () => {
    expect(started).toBe(second);
    expect(invocationStart('Root=1-nonsense')).toBeUndefined();
    expect(invocationStart(undefined)).toBeUndefined();
  });

  it.each<[string, number | undefined, number, boolean]>([
    ['has outlived its timeout', second + 2000, second + 60_000, true],
    ['has time left', second + 2000, second + 5000, false],
    ['began after the stop', second - 1000, second + 60_000, false],
    ['had ended before the stop', second + 100_000, second + 160_000, false],
    ['saw no stop', undefined, second + 60_000, false],
  ])('%s', (_, lastStoppedAt, now, outlived) => {
    expect(outlivedItsTimeout(started, 10_000, { lastStoppedAt }, now)).toBe(outlived);
  });

  it('has been ended soon after its region is back: who goes on with its trace later is another one', () => {
    const region = { lastStoppedAt: second + 2000, lastResumedAt: second + 60_000 };
    expect([second + 64_000, second + 66_000].map((now) => outlivedItsTimeout(started, 10_000, region, now))).toEqual([true, false]);
  });
});

describe('what a call into another region needs', () => {
  const base = { region: 'us-west-2', accountId: '000000000000', method: 'POST', path: '/', body: Buffer.alloc(0) };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  it.each([
    [
      { ...base, service: 'lambda', path: '/2015-03-31/functions/other/invocations' },
      'lambda:InvokeFunction',
      'arn:aws:lambda:us-west-2:000000000000:function:other',
    ],
    [
      {
        ...base,
        service: 'events',
        target: 'AWSEvents.PutEvents',
        body: json({ Entries: [{ EventBusName: 'mesh' }, { EventBusName: 'mesh' }] }),
      },
      'events:PutEvents',
      'arn:aws:events:us-west-2:000000000000:event-bus/mesh',
    ],
    [
      { ...base, service: 'dynamodb', target: 'DynamoDB_20120810.Query', body: json({ TableName: 't', IndexName: 'i' }) },
      'dynamodb:Query',
      'arn:aws:dynamodb:us-west-2:000000000000:table/t/index/i',
    ],
    [{ ...base, service: 's3', method: 'GET', path: '/bucket/a%20b?x=1' }, 's3:GetObject', 'arn:aws:s3:::bucket/a b'],
    [
      { ...base, service: 'ssm', target: 'AmazonSSM.GetParameter', body: json({ Name: '/a/b' }) },
      'ssm:GetParameter',
      'arn:aws:ssm:us-west-2:000000000000:parameter/a/b',
    ],
    [
      { ...base, service: 'sqs', target: 'AmazonSQS.SendMessage', body: json({ QueueUrl: 'http://127.0.0.1/000000000000/q' }) },
      'sqs:SendMessage',
      'arn:aws:sqs:us-west-2:000000000000:q',
    ],
    [{ ...base, service: 'unheard', target: 'Unheard.Of', body: json({}) }, 'unheard:Of', '*'],
  ])('is told for %j', (request, action, resource) => {
    expect(judgedResources(request)).toEqual([{ action, resource }]);
  });
});
