import { drillAccount } from '../../src/commands/drill/aws';
import { abortDrill, drill, DrillCommandPorts, DrillRun, drillText } from '../../src/commands/drill/service';
import { AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const request = { systemName: 'acme-pay', region: 'us-east-1', from: 'us-west-2', kind: 'drain' } as const;
const name = 'acme-pay-drill-us-east-1';
const arn = `arn:aws:states:us-west-2:111122223333:execution:${name}:1`;
const passed = {
  id: '1',
  region: 'us-east-1',
  kind: 'drain',
  state: 'PASSED',
  budgetSeconds: 30,
  recoverySeconds: 12.4,
  lost: 0,
  duplicates: 0,
  split: { before: { 'us-east-1': 50, 'us-west-2': 50 }, during: { 'us-west-2': 100 }, after: { 'us-east-1': 48, 'us-west-2': 52 } },
  reasons: [],
  evidence: {
    bucket: 'evidence',
    html: { key: 'runs/1/evidence.html', sha256: 'aa' },
    json: { key: 'runs/1/evidence.json', sha256: 'bb' },
  },
} as const;

/** A state machine that ends after some looks, and what was done to it. */
function machineOf(runs: readonly DrillRun[], running: readonly string[] | undefined = []) {
  const done: string[] = [];
  const said: string[] = [];
  const left = [...runs];
  const states = ['Begin', 'Check', 'Check: outcome', 'Announce'];
  const ports: DrillCommandPorts = {
    running: () => Promise.resolve(running),
    start: (of, input) => {
      done.push(`start ${of} ${input}`);
      return Promise.resolve(arn);
    },
    stop: (of, cause) => {
      done.push(`stop ${of} ${cause}`);
      return Promise.resolve();
    },
    run: () => Promise.resolve(left.length > 1 ? left.shift()! : left[0]),
    states: () => Promise.resolve(left.length > 1 ? states.slice(0, 3) : states),
    caller: () => Promise.resolve('arn:aws:iam::111122223333:user/oncall'),
    say: (line) => void said.push(line),
    sleep: () => Promise.resolve(),
  };
  return { ports, done, said };
}

test('a drill is started in the name of the caller, its steps are told once each, and its verdict at the end', async () => {
  const { ports, done, said } = machineOf([
    { status: 'RUNNING' },
    { status: 'RUNNING' },
    { status: 'SUCCEEDED', output: JSON.stringify(passed) },
  ]);
  const outcome = await drill(request, ports);
  expect(done).toEqual([`start ${name} {"startedBy":"arn:aws:iam::111122223333:user/oncall","kind":"drain"}`]);
  expect(said).toEqual([`started ${arn}`, 'Begin', 'Check', 'Announce']);
  expect(outcome).toEqual({ outcome: 'ended', arn, status: 'SUCCEEDED', result: passed });
  expect(drillText(outcome as never)).toEqual([
    'recovery: 12.4 s, budget 30 s',
    'payments lost: 0, debited twice: 0',
    'split before: us-east-1 50 %, us-west-2 50 %; during: us-west-2 100 %; after: us-east-1 48 %, us-west-2 52 %',
    'evidence: s3://evidence/runs/1/evidence.html, SHA-256 aa',
    'PASSED: drain of us-east-1',
  ]);
});

test('a drill that is not passed says why, by the cause of its failure', async () => {
  const { ports } = machineOf([
    { status: 'FAILED', cause: JSON.stringify({ ...passed, state: 'FAILED', reasons: ['recovery took 61 s'] }) },
  ]);
  const outcome = await drill(request, ports);
  expect(drillText(outcome as never)).toEqual(expect.arrayContaining(['not passed: recovery took 61 s', 'FAILED: drain of us-east-1']));
});

test.each([undefined, 'The region could not be put back by the drill: the watchdog does it'])(
  'one that ends without a verdict (%s) says so',
  async (cause) => {
    const { ports } = machineOf([{ status: 'ABORTED', cause }]);
    const outcome = await drill(request, ports);
    expect(drillText(outcome as never)).toEqual([
      `the drill ended ABORTED before its verdict: the watchdog has put the region back, and keeps the evidence (${arn})`,
    ]);
  },
);

test('nothing is started beside a drill that runs, or where there is no machine', async () => {
  const beside = machineOf([], [arn]);
  await expect(drill(request, beside.ports)).resolves.toEqual({
    outcome: 'refused',
    why: `a drill of us-east-1 runs: ${arn}. Wait for it, or end it with --abort`,
  });
  const nowhere = machineOf([], undefined);
  nowhere.ports.running = () => Promise.resolve(undefined);
  await expect(drill(request, nowhere.ports)).resolves.toMatchObject({
    outcome: 'refused',
    why: expect.stringContaining(`us-west-2 has no state machine ${name}`),
  });
  expect([...beside.done, ...nowhere.done]).toEqual([]);
});

test('an abort ends what runs, and says so when nothing does', async () => {
  const { ports, done } = machineOf([], [arn]);
  await expect(abortDrill(request, ports)).resolves.toEqual({ outcome: 'aborted', arns: [arn] });
  expect(done).toEqual([`stop ${arn} ended by arn:aws:iam::111122223333:user/oncall`]);
  await expect(abortDrill(request, machineOf([]).ports)).resolves.toEqual({ outcome: 'refused', why: 'no drill of us-east-1 runs' });
});

describe("through the SDK's clients", () => {
  let aws: FakeAws;
  const identity: AwsReply = {
    headers: { 'content-type': 'text/xml' },
    body:
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/oncall</Arn>' +
      '<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  };

  beforeAll(async () => {
    aws = await FakeAws.start({ AWS_MAX_ATTEMPTS: '1' });
  });

  afterAll(() => aws.stop());

  test('machine and executions are asked in the region of the stack', async () => {
    const machine = `arn:aws:states:us-west-2:111122223333:stateMachine:${name}`;
    const replies: Record<string, AwsReply> = {
      GetCallerIdentity: identity,
      ListExecutions: { body: { executions: [{ executionArn: arn }] } },
      StartExecution: { body: { executionArn: arn } },
      DescribeExecution: { body: { status: 'RUNNING' } },
      GetExecutionHistory: {
        body: {
          events: [
            { id: 1, type: 'ExecutionStarted' },
            { id: 2, stateEnteredEventDetails: { name: 'Check' } },
          ],
        },
      },
    };
    aws.answer = ({ action }) => replies[action] ?? {};
    const ports = await drillAccount({ region: 'us-west-2', endpointUrl: aws.url });
    await expect(ports.caller()).resolves.toBe('arn:aws:iam::111122223333:user/oncall');
    await expect(ports.running(name)).resolves.toEqual([arn]);
    await expect(ports.start(name, '{}')).resolves.toBe(arn);
    await expect(ports.run(arn)).resolves.toMatchObject({ status: 'RUNNING' });
    await expect(ports.states(arn)).resolves.toEqual(['Check']);
    await ports.stop(arn, 'ended');
    expect(aws.inputs('ListExecutions')).toEqual([{ stateMachineArn: machine, statusFilter: 'RUNNING' }]);
    expect(aws.inputs('StartExecution')).toEqual([{ stateMachineArn: machine, input: '{}' }]);
    expect(aws.inputs('StopExecution')).toEqual([{ executionArn: arn, error: 'Aborted', cause: 'ended' }]);
    expect(new Set(aws.calls.map(({ region }) => region))).toEqual(new Set(['us-west-2']));
    replies.ListExecutions = refusal('StateMachineDoesNotExist');
    await expect(ports.running(name)).resolves.toBeUndefined();
    replies.ListExecutions = refusal('AccessDeniedException');
    await expect(ports.running(name)).rejects.toThrow('AccessDeniedException');
  });
});
