import { plan, run } from './world';
import { FisFaults } from '../../src/drill/fault/fis.aws';
import { AwsCall, AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const tags = { 'payments-drill-system': 'acme-pay', 'payments-drill-region': 'us-east-1' };
const own = { ...tags, 'payments-drill-run': run };
const experiment = (more: object = {}): Record<string, unknown> => ({
  id: 'EXP1',
  experimentTemplateId: 'EXT1',
  state: { status: 'running', reason: 'Experiment is running.' },
  creationTime: 1_772_528_400.25,
  startTime: 1_772_528_401.5,
  tags: own,
  targets: { 'functions-1': { resourceType: 'aws:lambda:function', resourceArns: ['arn:1', 'arn:2'] } },
  actions: { 'fail-1': { actionId: 'aws:lambda:invocation-error', state: { status: 'skipped', reason: 'empty' } } },
  ...more,
});

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: 'us-west-2' });
});
afterEach(() => aws.stop());
const faults = (): FisFaults => new FisFaults(plan);

/** Answers by operation; what is not named is not expected. */
function answers(byAction: Readonly<Record<string, AwsReply | ((call: AwsCall) => AwsReply)>>): void {
  aws.answer = (call) => {
    const reply = byAction[call.action.split('?')[0]];
    if (reply === undefined) throw new Error(`nobody asks for ${call.action}`);
    return typeof reply === 'function' ? reply(call) : reply;
  };
}

const templates = {
  body: {
    experimentTemplates: [
      { id: 'EXT0', tags: { ...tags, 'payments-drill-system': 'acme' } },
      { id: 'EXT1', tags },
    ],
  },
};

test('the template is found by its tags in the drilled region, on whichever page', async () => {
  answers({
    'GET /experimentTemplates': ({ query }) =>
      query.nextToken === undefined ? { body: { experimentTemplates: [{ id: 'EXT9' }], nextToken: 'two' } } : templates,
  });
  expect(await faults().templates()).toEqual(['EXT1']);
  expect(aws.calls.map(({ service, region, query }) => [service, region, query.nextToken])).toEqual([
    ['fis', 'us-east-1', undefined],
    ['fis', 'us-east-1', 'two'],
  ]);
});

test('a template is told with its actions and the kinds of its targets', async () => {
  const { targets, actions } = experiment();
  answers({ 'GET /experimentTemplates/EXT1': { body: { experimentTemplate: { id: 'EXT1', targets, actions } } } });
  expect(await faults().template('EXT1')).toEqual({
    id: 'EXT1',
    actions: [{ name: 'fail-1', actionId: 'aws:lambda:invocation-error' }],
    targets: [{ name: 'functions-1', resourceType: 'aws:lambda:function' }],
  });
  expect(aws.calls.map(({ region }) => region)).toEqual(['us-east-1']);
});

test.each<[object, string | undefined]>([
  [{ status: 'disengaged', reason: 'as it was made' }, undefined],
  [{ status: 'engaged', reason: 'Blocked days' }, 'engaged: Blocked days'],
  [{ status: 'engaging' }, 'engaging'],
])('the safety lever of the drilled region: %j', async (state, says) => {
  answers({ 'GET /safetyLevers/default': { body: { safetyLever: { id: 'default', state } } } });
  expect(await faults().engaged()).toBe(says);
  expect(aws.calls.map(({ region }) => region)).toEqual(['us-east-1']);
});

test('an experiment is started under the name of its run, tagged as the drill of a region', async () => {
  answers({ 'GET /experimentTemplates': templates, 'POST /experiments': { body: { experiment: experiment() } } });
  expect(await faults().begin(run)).toEqual({
    id: 'EXP1',
    template: 'EXT1',
    run,
    status: 'running',
    reason: 'Experiment is running.',
    startedMs: 1_772_528_401_500,
    named: 2,
    actions: [{ name: 'fail-1', actionId: 'aws:lambda:invocation-error', status: 'skipped', reason: 'empty' }],
  });
  expect(aws.calls.at(-1)!.input).toEqual({ clientToken: run, experimentTemplateId: 'EXT1', tags: own });
});

test('without a template, or where FIS says no, it is said and not thrown; without an answer it is a fault', async () => {
  answers({ 'GET /experimentTemplates': { body: { experimentTemplates: [] } } });
  expect(await faults().begin(run)).toBe('there is no experiment template of acme-pay in us-east-1: deploy a RegionFault there');
  answers({ 'GET /experimentTemplates': { body: { experimentTemplates: ['EXT1', 'EXT2'].map((id) => ({ id, tags })) } } });
  expect(await faults().begin(run)).toBe('there are 2 experiment templates of acme-pay in us-east-1 (EXT1, EXT2): keep one');
  answers({ 'GET /experimentTemplates': templates, 'POST /experiments': refusal('ConflictException', 409) });
  expect(await faults().begin(run)).toMatch(/^the experiment was not started: fis in us-east-1 answered 409 ConflictException/);
  answers({ 'GET /experimentTemplates': templates, 'POST /experiments': { status: 500, body: {} } });
  await expect(faults().begin(run)).rejects.toThrow('fis in us-east-1 did not answer');
});

test('what became of it is told with the functions that were found', async () => {
  const resolvedTargets = [{ resourceType: 'aws:lambda:function' }, { resourceType: 'aws:lambda:function' }];
  answers({
    'GET /experiments/EXP1': { body: { experiment: experiment({ endTime: 1_772_528_500 }) } },
    'GET /experiments/EXP1/resolvedTargets': { body: { resolvedTargets } },
  });
  expect(await faults().look('EXP1')).toMatchObject({ named: 2, resolved: 2, endedMs: 1_772_528_500_000 });
});

test.each(['pending', 'initiating'])('while it is %s FIS does not tell what it has found: it is not asked', async (status) => {
  answers({ 'GET /experiments/EXP1': { body: { experiment: experiment({ state: { status } }) } } });
  expect(await faults().look('EXP1')).toMatchObject({ status, named: 2 });
  expect((await faults().look('EXP1')).resolved).toBeUndefined();
});

test.each(['ValidationException', 'ResourceNotFoundException'])(
  'functions that FIS does not tell yet (%s) are not counted',
  async (code) => {
    answers({
      'GET /experiments/EXP1': { body: { experiment: experiment() } },
      'GET /experiments/EXP1/resolvedTargets': refusal(code, 400),
    });
    const record = await faults().look('EXP1');
    expect([record.status, 'resolved' in record]).toEqual(['running', false]);
  },
);

test('a right that is missing is told', async () => {
  answers({
    'GET /experiments/EXP1': { body: { experiment: experiment() } },
    'GET /experiments/EXP1/resolvedTargets': refusal('AccessDeniedException', 403),
  });
  await expect(faults().look('EXP1')).rejects.toThrow('AccessDeniedException');
});

describe('those that run', () => {
  const west = { ...tags, 'payments-drill-region': 'us-west-2' };
  const summary = (id: string, status: string, more: object = {}) => ({
    id,
    experimentTemplateId: 'EXT1',
    state: { status },
    tags: own,
    ...more,
  });
  /** What FIS has in each region. */
  const has = (experiments: Readonly<Record<string, object[]>>): void =>
    answers({
      'GET /experiments': ({ region }) => ({ body: { experiments: experiments[region] ?? [] } }),
      'GET /experimentTemplates': ({ region }) =>
        region === 'us-west-2'
          ? { body: { experimentTemplates: [{ id: 'EXT2', tags: west }, { id: 'EXT3', tags }, { id: 'EXT4' }] } }
          : templates,
    });

  test('of drills are those with their tags', async () => {
    has({ 'us-east-1': [summary('EXP1', 'completed'), summary('EXP2', 'initiating'), summary('EXP3', 'running', { tags: {} })] });
    expect((await faults().running()).map(({ id }) => id)).toEqual(['EXP2']);
  });

  test.each<[string, Readonly<Record<string, object[]>>, string | undefined]>([
    ['nothing', {}, undefined],
    ["the run's own", { 'us-east-1': [summary('EXP1', 'running')] }, undefined],
    ["another drill's", { 'us-west-2': [summary('EXP4', 'running', { tags: west })] }, 'us-west-2'],
    ["a person's, without a tag", { 'us-west-2': [summary('EXP4', 'running', { experimentTemplateId: 'EXT2', tags: {} })] }, 'us-west-2'],
    ["a person's in the drilled region", { 'us-east-1': [summary('EXP4', 'running', { tags: undefined })] }, 'us-east-1'],
    ["a person's that is over", { 'us-west-2': [summary('EXP4', 'stopped', { experimentTemplateId: 'EXT2', tags: {} })] }, undefined],
    ['one of another template', { 'us-west-2': [summary('EXP4', 'running', { experimentTemplateId: 'EXT4', tags: {} })] }, undefined],
    [
      "one of another region's template",
      { 'us-west-2': [summary('EXP4', 'running', { experimentTemplateId: 'EXT3', tags: {} })] },
      undefined,
    ],
  ])('beside a run: %s', async (_, experiments, region) => {
    has(experiments);
    expect(await faults().runningBeside(run)).toBe(region);
  });
});

test.each<[string, string]>([
  ['stopped', 'is left as it is'],
  ['running', 'fis in us-east-1 answered 409'],
])('to end one that is %s: %s', async (status, says) => {
  answers({
    'DELETE /experiments/EXP1': refusal('ConflictException', 409),
    'GET /experiments/EXP1': { body: { experiment: experiment({ state: { status } }) } },
  });
  const end = faults().stop('EXP1');
  if (status === 'stopped') await expect(end).resolves.toBeUndefined();
  else await expect(end).rejects.toThrow(says);
});

test('one that runs is ended', async () => {
  answers({ 'DELETE /experiments/EXP1': { body: { experiment: experiment() } } });
  await faults().stop('EXP1');
  expect(aws.actions).toEqual(['DELETE /experiments/EXP1']);
});
