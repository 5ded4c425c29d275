import { App, Duration, Stack } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { meshIn, regions, two } from './shop-mesh';
import { CrossRegionEventMesh, CrossRegionEventMeshProps, MeshTransport } from '../../src/index';
import { account, newApp } from '../cdk/stacks';

describe('refuses', () => {
  const cases: [string, Partial<CrossRegionEventMeshProps>, string][] = [
    ['one region', { regions: ['us-east-1'] }, "'regions' is us-east-1; allowed: two or more regions"],
    ['a region that is none', { regions: ['us-east-1', 'here'] }, "'regions' is 'here'; allowed: names of AWS regions"],
    ['a region twice', { regions: ['us-east-1', 'us-east-1'] }, "'regions' is us-east-1, us-east-1 (us-east-1 twice)"],
    [
      'a stack elsewhere',
      { regions: ['us-west-2', 'eu-central-1'] },
      "'env.region of the stack' is us-east-1; allowed: us-west-2, eu-central-1",
    ],
    ['a name that is none', { systemName: 'Shop' }, "'systemName' is 'Shop'"],
    [
      'a global endpoint of three regions',
      { regions, transport: MeshTransport.globalEndpoint() },
      "'transport' is globalEndpoint with 3 regions",
    ],
    [
      'a primary that is no region of the mesh',
      { transport: MeshTransport.globalEndpoint({ primary: 'us-west-2' }) },
      "'transport.primary' is us-west-2; allowed: us-east-1 or eu-central-1",
    ],
    [
      'an endpoint that is never unhealthy',
      { transport: MeshTransport.globalEndpoint({ unhealthyMinutes: 0 }) },
      "'transport.unhealthyMinutes' is 0",
    ],
    ['an archive of hours', { archiveRetention: Duration.hours(12) }, "'archiveRetention' is 0.5 days"],
    [
      'a probe every 90 seconds',
      { probes: { interval: Duration.seconds(90) } },
      "'probes.interval' is 90 seconds; allowed: 1 to 60 whole minutes",
    ],
    [
      'silence after one probe',
      { probes: { silentAfter: Duration.minutes(1) } },
      "'probes.silentAfter' is 60 seconds with a probe every 60",
    ],
    ['half an alarm', { alarms: { strays: { minutes: 0.5 } } }, "'alarms (Strays).minutes' is 0.5"],
  ];

  test.each(cases)('%s', (_what, props, message) => {
    expect(() => meshIn('us-east-1', props)).toThrow(message);
    expect(() => meshIn('us-east-1', props)).toThrow(/\[mesh-us-east-1\/Mesh.*\] .*; fix: /);
  });

  test("a name with which a role's would be too long", () => {
    const long = 'a'.repeat(40);
    expect(() => meshIn('us-gov-west-1', { systemName: long, regions: ['us-gov-west-1', 'us-gov-east-1'] })).toThrow(
      "'systemName' is '" + long + "'; allowed: 38 characters with these regions",
    );
    meshIn('ap-southeast-2', { systemName: long, regions: ['ap-southeast-2', 'ap-northeast-1'] });
  });

  test('a stack without a region', () => {
    const stack = new Stack(newApp(), 'Stack');
    expect(() => new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two })).toThrow(
      "'env.region of the stack' is not set",
    );
  });

  const problems = (app: App): string => {
    try {
      app.synth();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each<[string, (mesh: CrossRegionEventMesh, stack: Stack) => void]>([
    [
      "in the mesh's own stack",
      (mesh, stack) =>
        void new Rule(stack, 'Bare', {
          eventBus: mesh.bus,
          eventPattern: { source: ['shop'] },
          targets: [new SqsQueue(new Queue(stack, 'Queue'))],
        }),
    ],
    [
      'by name in another stack',
      (mesh) => {
        const other = new Stack(mesh.node.root, 'Other', { env: { account, region: 'us-east-1' } });
        new Rule(other, 'Bare', {
          eventBus: EventBus.fromEventBusName(other, 'Bus', 'shop-events'),
          eventPattern: { source: ['shop'] },
          targets: [new SqsQueue(new Queue(other, 'Queue'))],
        });
      },
    ],
    [
      'by reference',
      (mesh, stack) => {
        const own = mesh.node.findChild('Bus') as EventBus;
        new Rule(stack, 'Bare', { eventBus: own, eventPattern: { source: ['shop'] }, targets: [new SqsQueue(new Queue(stack, 'Queue'))] });
      },
    ],
  ])('a target without a dead-letter queue, %s', (_where, add) => {
    const app = newApp();
    const { mesh, stack } = meshIn('us-east-1', {}, app);
    add(mesh, stack);
    expect(problems(app)).toMatch(
      /'targets of (mesh-us-east-1|Other)\/Bare\/Resource' is 1 without a dead-letter queue; .* mesh\.addTarget\(\)/,
    );
  });

  test('no rule on another bus', () => {
    const app = newApp();
    const { stack } = meshIn('us-east-1', {}, app);
    new Rule(stack, 'Bare', {
      eventBus: new EventBus(stack, 'Bus'),
      eventPattern: { source: ['shop'] },
      targets: [new SqsQueue(new Queue(stack, 'Queue'))],
    });
    expect(problems(app)).toBe('');
  });

  test('parts that do not fit together', () => {
    const together = (props: Partial<CrossRegionEventMeshProps>, region = 'eu-central-1'): string => {
      const app = newApp();
      meshIn('us-east-1', {}, app);
      const stack = new Stack(app, 'Second', { env: { account, region } });
      new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two, ...props });
      return problems(app);
    };
    expect(together({})).toBe('');
    expect(together({ regions })).toContain(
      "'regions' is ap-southeast-2, eu-central-1, us-east-1, but eu-central-1, us-east-1 in mesh-us-east-1/Mesh",
    );
    expect(together({ transport: MeshTransport.globalEndpoint() })).toContain(
      "'transport' is globalEndpoint with the primary us-east-1, but rules in mesh-us-east-1/Mesh",
    );
    expect(together({}, 'us-east-1')).toContain("'systemName' is 'shop' in us-east-1 twice (also mesh-us-east-1/Mesh)");
    expect(together({ systemName: 'other', regions })).toBe('');
  });
});
