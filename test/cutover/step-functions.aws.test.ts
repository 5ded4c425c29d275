import { SFNClient } from '@aws-sdk/client-sfn';
import { FakeStepFunctions, fakeStepFunctions } from './fake-step-functions';
import { StepFunctionsTasks } from '../../src/approvals/aws';
import { ApprovalResult } from '../../src/approvals/model';
import { stepFunctionsReader } from '../../src/approvals/stuck/aws';

const client = (server: FakeStepFunctions): SFNClient =>
  new SFNClient({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
const result = { approvalId: 'id', decision: 'APPROVED' } as ApprovalResult;
let server: FakeStepFunctions;
afterEach(() => server.close());

test('a token that waits is answered with the result as its value', async () => {
  server = await fakeStepFunctions(() => ({}));
  const tasks = new StepFunctionsTasks(client(server));
  expect(await tasks.succeed('t', result)).toBe('sent');
  expect(await tasks.heartbeat('t')).toBe('waiting');
  expect(server.calls).toEqual([
    { action: 'SendTaskSuccess', input: { taskToken: 't', output: JSON.stringify(result) } },
    { action: 'SendTaskHeartbeat', input: { taskToken: 't' } },
  ]);
});

test.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])('%s: nothing waits for it any more', async (error) => {
  server = await fakeStepFunctions(() => error);
  const tasks = new StepFunctionsTasks(client(server));
  expect(await tasks.succeed('t', result)).toBe('closed');
  expect(await tasks.heartbeat('t')).toBe('closed');
});

test.each(['ThrottlingException', 'AccessDeniedException', 'KmsAccessDeniedException'])(
  '%s: nothing is known, so it is tried again',
  async (error) => {
    server = await fakeStepFunctions(() => error);
    await expect(new StepFunctionsTasks(client(server)).succeed('t', result)).rejects.toThrow();
  },
);

test('every page of executions and histories is read, and no execution data', async () => {
  server = await fakeStepFunctions(({ action, input }) => {
    if (action === 'ListExecutions') {
      return input.nextToken
        ? { executions: [{ executionArn: 'b', startDate: 2 }] }
        : { executions: [{ executionArn: 'a', startDate: 1 }], nextToken: 'more' };
    }
    return input.nextToken
      ? {
          events: [
            {
              id: 2,
              previousEventId: 1,
              type: 'TaskScheduled',
              timestamp: 2,
              taskScheduledEventDetails: { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' },
            },
          ],
        }
      : {
          events: [{ id: 1, previousEventId: 0, type: 'TaskStateEntered', timestamp: 1, stateEnteredEventDetails: { name: 'Approve' } }],
          nextToken: 'more',
        };
  });
  const reader = stepFunctionsReader(client(server), 'machine');
  expect(await reader.running()).toEqual({
    executions: [
      { arn: 'a', startedMs: 1000 },
      { arn: 'b', startedMs: 2000 },
    ],
    all: true,
  });
  expect(await reader.history('a')).toEqual([
    { id: 1, previousId: 0, type: 'TaskStateEntered', atMs: 1000, state: 'Approve' },
    { id: 2, previousId: 1, type: 'TaskScheduled', atMs: 2000, resource: 'invoke.waitForTaskToken' },
  ]);
  expect(server.calls.filter(({ action }) => action === 'ListExecutions').every(({ input }) => input.statusFilter === 'RUNNING')).toBe(
    true,
  );
  expect(
    server.calls.filter(({ action }) => action === 'GetExecutionHistory').every(({ input }) => input.includeExecutionData === false),
  ).toBe(true);
});

test('an execution that ended meanwhile is none; a list without an end is not all', async () => {
  server = await fakeStepFunctions(({ action }) =>
    action === 'ListExecutions' ? { executions: [], nextToken: 'more' } : 'ExecutionDoesNotExist',
  );
  const reader = stepFunctionsReader(client(server), 'machine');
  expect(await reader.history('a')).toBeUndefined();
  expect(await reader.running()).toEqual({ executions: [], all: false });
  expect(server.calls.filter(({ action }) => action === 'ListExecutions')).toHaveLength(10);
});
