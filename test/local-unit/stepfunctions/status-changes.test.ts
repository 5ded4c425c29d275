import type { AwsApi } from '../../../local/network/aws-api';
import type { StatusChange } from '../../../local/stepfunctions/status-change';
import { StepFunctions } from '../../../local/stepfunctions/step-functions';
import { turns } from '../../turns';

const arn = 'arn:aws:states:us-west-2:111122223333:stateMachine:one';
const definitions = {
  waits: { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 3_600, End: true } } },
  passes: { StartAt: 'Done', States: { Done: { Type: 'Succeed' } } },
  fails: { StartAt: 'No', States: { No: { Type: 'Fail', Error: 'Wrong', Cause: 'a test' } } },
};

function machineOf(definition: object): { readonly machine: StepFunctions; readonly changes: (StatusChange & { region: string })[] } {
  const changes: (StatusChange & { region: string })[] = [];
  const json = async () => ({ name: 'one', roleArn: 'arn:of:role', definition: JSON.stringify(definition) });
  const machine = new StepFunctions({
    api: { json } as unknown as AwsApi,
    policies: { decideRole: async () => 'allowed' },
    accountId: '111122223333',
    changed: (region, detail) => changes.push({ region, ...detail }),
  });
  return { machine, changes };
}

async function ended(changes: readonly StatusChange[]): Promise<void> {
  const turn = turns('the execution', 500);
  while (changes.length < 2) {
    turn();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test.each([
  ['passes', { status: 'SUCCEEDED', error: null, cause: null }],
  ['fails', { status: 'FAILED', error: 'Wrong', cause: 'a test' }],
] as const)('each change of status is told, in the region of the machine: one that %s', async (kind, end) => {
  const { machine, changes } = machineOf(definitions[kind]);
  const { executionArn } = await machine.start(arn, { a: 1 }, 'run');
  await ended(changes);
  const shared = { region: 'us-west-2', executionArn, stateMachineArn: arn, name: 'run', input: '{"a":1}' };
  expect(changes).toEqual([
    { ...shared, status: 'RUNNING', startDate: expect.any(Number), stopDate: null, output: null, error: null, cause: null },
    expect.objectContaining({ ...shared, ...end, stopDate: expect.any(Number) }),
  ]);
  machine.close();
});

test('one that is stopped from outside is told at once; the end of the run tells nothing', async () => {
  const { machine, changes } = machineOf(definitions.waits);
  const { executionArn } = await machine.start(arn, {});
  machine.stop(executionArn, 'by hand');
  expect(changes.map(({ status, cause }) => [status, cause])).toEqual([
    ['RUNNING', null],
    ['ABORTED', 'by hand'],
  ]);
  await machine.start(arn, {});
  machine.close();
  expect(changes.map(({ status }) => status)).toEqual(['RUNNING', 'ABORTED', 'RUNNING']);
});
