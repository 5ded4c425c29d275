import { callerAnswer, hurried } from './caller';
import { begun, call, FakeServices } from './fake-services';
import { machineArn as machine, run } from './world';
import { DrillCall } from '../../src/drill/machine/contract';
import { AwsCall, AwsReply, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

let services: FakeServices;
beforeEach(async () => {
  services = await FakeServices.start();
});
afterEach(() => services.stop());

describe('a call that no execution makes', () => {
  const forged = (name: string, event: object) => loadedHandler<object, unknown>(`drill/functions/${name}`)(event);
  const other = machine.replace('us-east-1', 'us-west-2');

  test.each<[string, (event: DrillCall, one: AwsCall) => AwsReply | undefined, string]>([
    ['as the machine is at another step', (event, one) => callerAnswer(one, { ...event, step: 'watch' }), 'is not making this call'],
    [
      'with facts of its own',
      (event, one) => callerAnswer(one, { ...event, facts: { ...begun, reasons: ['1 payments were lost'] } }),
      'is not making this call',
    ],
    ['of another machine', (event, one) => callerAnswer(one, event, { stateMachineArn: other }), `is an execution of ${other}`],
    ['of one that was aborted', (event, one) => callerAnswer(one, event, { status: 'ABORTED' }), 'is ABORTED'],
    ['of none', () => refusal('ExecutionDoesNotExist'), 'there is no execution'],
  ])('%s is not believed, by any function, and changes nothing', async (_what, says, why) => {
    hurried();
    for (const [name, step] of [
      ['region-switch', 'takeAway'],
      ['region-switch', 'restore'],
      ['report', 'announce'],
      ['report', 'conclude'],
      ['look', 'measure'],
    ] as const) {
      const event = call(step);
      services.asking = (one) => says(event, one);
      await expect(forged(name, event)).rejects.toThrow(why);
    }
    expect(services.ownCalls()).toEqual([]);
    expect(services.objects.size).toBe(0);
  });

  test.each<[string, unknown]>([
    ['no ARN', undefined],
    ['an empty one', ''],
    ['something else', { id: run }],
  ])('with %s is refused at once', async (_what, made) => {
    await expect(forged('region-switch', { ...call('takeAway'), run: made })).rejects.toThrow("'run' is not the ARN of an execution");
    expect(services.aws.calls).toEqual([]);
  });

  test('is not done where Step Functions does not answer', async () => {
    services.asking = ({ service }) => (service === 'states' ? refusal('AccessDenied', 403) : undefined);
    await expect(forged('report', call('conclude'))).rejects.toThrow('states in us-west-2 answered 403');
    expect(services.ownCalls()).toEqual([]);
  });

  test('is looked for again while Step Functions is behind', async () => {
    const event = call('takeAway');
    let looks = 0;
    services.asking = (one) => {
      looks += one.action === 'GetExecutionHistory' ? 1 : 0;
      return callerAnswer(one, looks > 1 ? event : { ...event, step: 'before' });
    };
    expect(await forged('region-switch', event)).toMatchObject({ outcome: 'taken' });
  });

  test.each<[string, object, string]>([
    ['is over', { status: 'SUCCEEDED' }, 'nothing was paid: the execution'],
    ['is of another machine', { stateMachineArn: other }, 'is an execution of'],
  ])('starts no prober of a run that %s', async (_what, more, why) => {
    process.env.DRILL_IDENTITY = JSON.stringify({ tokenUrl: `${services.aws.url}/token` });
    services.asking = (one) => callerAnswer(one, {}, more);
    await expect(forged('prober', { run })).rejects.toThrow(why);
    expect(services.ownCalls()).toEqual([]);
  });
});
