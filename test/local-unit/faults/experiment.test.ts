import { durationMs } from '../../../local/faults/duration';
import { Experiment, experimentTemplate } from '../../../local/faults/experiment';
import { dropFaultExtension } from '../../../local/faults/extension';
import { FisApi } from '../../../local/faults/fis-api';
import type { FabricResource } from '../../../local/ground/model';
import { faultExtension } from '../../../src/drill/fault/contract';

const region = 'us-east-1';
const tags = { 'payments-drill-system': 'acme-pay' };
const alarmArn = `arn:aws:cloudwatch:${region}:000000000000:alarm:silence`;
const arns = ['one', 'two'].map((name) => `arn:aws:lambda:${region}:000000000000:function:${name}`);
const properties = (more: object = {}): FabricResource['properties'] => ({
  RoleArn: 'arn:role',
  Tags: tags,
  Targets: { functions: { ResourceType: 'aws:lambda:function', ResourceArns: arns } },
  Actions: {
    fail: { ActionId: 'aws:lambda:invocation-error', Parameters: { duration: 'PT10M' }, Targets: { Functions: 'functions' }, ...more },
  },
  StopConditions: [{ Source: 'aws:cloudwatch:alarm', Value: alarmArn }],
});

class Run {
  public nowMs = 1_000_000;
  public failing: readonly string[] = [];
  public alarm = 'OK';
  public isSkipping = false;
  public known: readonly string[] = arns;
  public readonly ports = {
    existing: async () => this.known,
    fail: async (_: string, functionArns: readonly string[]) => {
      this.failing = functionArns;
    },
    alarmState: (_: string, name: string) => (name === 'silence' ? this.alarm : undefined),
    isSkipping: () => this.isSkipping,
    nowMs: () => this.nowMs,
  };

  public async begun(more: object = {}): Promise<Experiment> {
    const experiment = new Experiment('EXP1', experimentTemplate('EXT1', region, properties(more)), tags, this.ports);
    await experiment.goOn();
    return experiment;
  }
}

const statusOf = (experiment: Experiment): string[] => [
  experiment.status,
  ...Object.values(experiment.actions).map(({ status }) => status),
];

test('functions fail three seconds after the start, until the action is over', async () => {
  const run = new Run();
  const experiment = await run.begun();
  expect(statusOf(experiment)).toEqual(['running', 'running']);
  run.nowMs += 2_999;
  await experiment.goOn();
  expect(run.failing).toEqual([]);
  run.nowMs += 1;
  await experiment.goOn();
  expect(run.failing).toEqual(arns);
  run.nowMs += 600_000;
  await experiment.goOn();
  expect([run.failing, statusOf(experiment)]).toEqual([[], ['completed', 'completed']]);
});

test('it ends when it is stopped, and by an alarm', async () => {
  const run = new Run();
  for (const by of ['a call', 'an alarm']) {
    run.alarm = 'OK';
    const experiment = await run.begun();
    run.nowMs += 3_000;
    await experiment.goOn();
    expect(run.failing).toEqual(arns);
    run.alarm = 'ALARM';
    await (by === 'a call' ? experiment.end('stopped', 'by hand') : experiment.goOn());
    expect([run.failing, statusOf(experiment)]).toEqual([[], ['stopped', 'stopped']]);
    expect(experiment.reason).toBe(by === 'a call' ? 'by hand' : `Experiment halted by stop condition ${alarmArn}.`);
  }
});

describe('looked at again before it is through', () => {
  /** A run whose answers come when they are let through. */
  function slow(run: Run, of: 'existing' | 'fail'): { readonly experiment: Experiment; readonly answer: () => void } {
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { existing, fail } = run.ports;
    const ports = {
      ...run.ports,
      existing: async () => {
        if (of === 'existing') await gate;
        return existing();
      },
      fail: async (at: string, functionArns: readonly string[]) => {
        if (of === 'fail' && functionArns.length > 0) await gate;
        return fail(at, functionArns);
      },
    };
    return { experiment: new Experiment('EXP1', experimentTemplate('EXT1', region, properties()), tags, ports), answer };
  }

  test('while it asks for its functions it is not over', async () => {
    const { experiment, answer } = slow(new Run(), 'existing');
    const first = experiment.goOn();
    await experiment.goOn();
    expect(statusOf(experiment)).toEqual(['initiating', 'pending']);
    answer();
    await first;
    expect(statusOf(experiment)).toEqual(['running', 'running']);
  });

  test('one that is stopped while it asks for its functions stays so', async () => {
    const run = new Run();
    const { experiment, answer } = slow(run, 'existing');
    const first = experiment.goOn();
    await experiment.end('stopped', 'by hand');
    answer();
    await first;
    run.nowMs += 3_000;
    await experiment.goOn();
    expect([run.failing, statusOf(experiment)]).toEqual([[], ['stopped', 'cancelled']]);
  });

  test('one that is stopped while it makes functions fail lets them be in the end', async () => {
    const run = new Run();
    const { experiment, answer } = slow(run, 'fail');
    await experiment.goOn();
    run.nowMs += 3_000;
    const strike = experiment.goOn();
    const end = experiment.end('stopped', 'by hand');
    answer();
    await Promise.all([strike, end]);
    expect([run.failing, statusOf(experiment)]).toEqual([[], ['stopped', 'stopped']]);
  });
});

test('functions that could not be let be are let be at the next look', async () => {
  const run = new Run();
  const experiment = await run.begun();
  run.nowMs += 3_000;
  await experiment.goOn();
  const { fail } = run.ports;
  run.ports.fail = async () => {
    throw new Error('the emulator is busy');
  };
  await expect(experiment.end('stopped', 'by hand')).rejects.toThrow('busy');
  expect(run.failing).toEqual(arns);
  run.ports.fail = fail;
  await experiment.goOn();
  expect(run.failing).toEqual([]);
});

test('without a function it fails; an action of another kind is skipped, and each while a test wants it', async () => {
  const run = new Run();
  expect(statusOf(await run.begun({ ActionId: 'aws:network:disrupt-connectivity' }))).toEqual(['running', 'skipped']);
  run.isSkipping = true;
  expect(statusOf(await run.begun())).toEqual(['running', 'skipped']);
  run.known = [];
  expect(statusOf(await run.begun())).toEqual(['failed', 'cancelled']);
});

test('durations are read as FIS takes them', () => {
  expect(['PT10M', 'PT1H30M', 'PT90S', 'P1D', 'PT', '', undefined].map((text) => durationMs(text))).toEqual([
    600_000,
    5_400_000,
    90_000,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('the calls of a drill: one experiment for each token, judged by tags', async () => {
  const { existing, fail, alarmState } = new Run().ports;
  const fis = new FisApi({ existing, fail, alarmState }, '000000000000', () => {});
  try {
    const type = 'AWS::FIS::ExperimentTemplate';
    fis.useTemplates([{ stack: 's', logicalId: 'T', type, region, physicalId: 'EXT1', properties: properties() }]);
    const ask = async (method: string, path: string, body: object = {}) => {
      const routing = fis.route({ region, method, path, body: Buffer.from(JSON.stringify(body)) })!;
      const { status, body: text } = await routing.answer();
      return { needs: routing.needs, status, content: JSON.parse(text.toString()) as Record<string, any> };
    };
    expect((await ask('GET', '/experimentTemplates?maxResults=100')).content).toEqual({ experimentTemplates: [{ id: 'EXT1', tags }] });
    const template = await ask('GET', '/experimentTemplates/EXT1');
    expect(template.needs.map(({ action, context }) => [action, Object.keys(context!)])).toEqual([
      ['fis:GetExperimentTemplate', ['aws:resourcetag/payments-drill-system']],
    ]);
    expect(template.content.experimentTemplate).toMatchObject({
      targets: { functions: { resourceType: 'aws:lambda:function', resourceArns: arns } },
      actions: { fail: { actionId: 'aws:lambda:invocation-error' } },
    });
    expect((await ask('GET', '/experimentTemplates/EXT2')).status).toBe(404);
    const lever = await ask('GET', '/safetyLevers/default');
    expect(lever.needs).toEqual([{ action: 'fis:GetSafetyLever', resource: `arn:aws:fis:${region}:000000000000:safety-lever/default` }]);
    expect(lever.content.safetyLever.state.status).toBe('disengaged');
    const start = { clientToken: 'first', experimentTemplateId: 'EXT1', tags };
    const { content, needs } = await ask('POST', '/experiments', start);
    const { id } = content.experiment as { id: string };
    expect((await ask('POST', '/experiments', start)).content.experiment.id).toBe(id);
    expect(needs.map(({ action, context }) => [action, Object.keys(context!)])).toEqual([
      ['fis:StartExperiment', ['aws:resourcetag/payments-drill-system']],
      ['fis:StartExperiment', ['aws:requesttag/payments-drill-system', 'aws:tagkeys']],
      ['fis:TagResource', ['aws:requesttag/payments-drill-system', 'aws:tagkeys']],
    ]);
    const targets = `/experiments/${id}/resolvedTargets?maxResults=100`;
    expect(await ask('GET', targets)).toMatchObject({ status: 400, content: { message: `the targets of ${id} are not resolved` } });
    await fis.goOn();
    expect((await ask('GET', targets)).content.resolvedTargets).toHaveLength(2);
    expect((await ask('GET', '/experiments?maxResults=100')).content.experiments).toMatchObject([{ id, tags }]);
    expect((await ask('DELETE', `/experiments/${id}`)).content.experiment.state.status).toBe('stopped');
    expect((await ask('DELETE', `/experiments/${id}`)).status).toBe(409);
    expect((await ask('POST', '/experiments', { ...start, experimentTemplateId: 'EXT2', clientToken: 'b' })).status).toBe(404);
    expect(fis.route({ region, method: 'GET', path: '/actions', body: Buffer.alloc(0) })).toBeUndefined();
  } finally {
    fis.close();
  }
});

test("AWS's extension is taken out of a template, and nothing else", () => {
  const { variables, wrapper, layerParameter } = faultExtension;
  const Properties = { Layers: ['a'], Environment: { Variables: { [variables.wrapper]: wrapper, OTHER: '1' } } };
  const template = {
    Parameters: { Layer: { Default: layerParameter }, Own: { Default: 'own' } },
    Resources: {
      Faulted: { Type: 'AWS::Lambda::Function', Properties },
      Other: { Type: 'AWS::Lambda::Function', Properties: { Layers: ['b'] } },
    },
  };
  dropFaultExtension(template);
  expect(template).toEqual({
    Parameters: { Own: { Default: 'own' } },
    Resources: {
      Faulted: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: { OTHER: '1' } } } },
      Other: { Type: 'AWS::Lambda::Function', Properties: { Layers: ['b'] } },
    },
  });
});
