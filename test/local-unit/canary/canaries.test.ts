import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Canaries, CanaryView } from '../../../local/canary/canaries';
import { PlannedCanary, plannedCanaries } from '../../../local/canary/plans';
import { runScript } from '../../../local/canary/script-run';
import type { FabricResource } from '../../../local/ground/model';
import { MetricStore } from '../../../local/metrics/store';
import { canaries as view } from '../../../local/page/views/canaries';
import type { PageState } from '../../../local/page/views/model';
import { canaryEnv, CanaryPlan, readCanaryPlan } from '../../../src/canary/contract';
import { timePasses } from '../../waits';
import { Door } from '../front-door/door';

const door = 'http://127.0.0.1:4580';
const plan: CanaryPlan = {
  systemName: 'acme-pay',
  region: 'us-west-2',
  tenant: 'canary',
  regions: ['us-west-2', 'us-east-1'],
  target: 'REGION',
  url: 'https://abc.execute-api.us-west-2.amazonaws.com/live/',
  identity: { kind: 'client', tokenUrl: 'https://login.example.com/token', secretArn: 'arn:of:secret' },
};
const folder = mkdtempSync(path.join(tmpdir(), 'canaries-'));
afterAll(() => rmSync(folder, { recursive: true }));

function resource(properties: object = {}, more: Partial<FabricResource> = {}): FabricResource {
  return {
    stack: 'one',
    region: 'us-west-2',
    logicalId: 'Canary',
    type: 'AWS::Synthetics::Canary',
    properties: {
      Name: 'acme-pay-canary',
      Code: { Handler: 'index.handler', S3Bucket: 'assets', S3Key: 'abc123.zip' },
      Schedule: { Expression: 'rate(5 minutes)' },
      RunConfig: { TimeoutInSeconds: 60, EnvironmentVariables: canaryEnv.write({ plan: JSON.stringify(plan) }) },
      ...properties,
    },
    ...more,
  };
}

describe('the canaries of an app', () => {
  const planned = (of: FabricResource): readonly PlannedCanary[] => plannedCanaries([of], (stack) => path.join('/out', stack), door);

  test('run their own script, with their own plan, at the front door, without a secret', () => {
    const [canary, ...others] = planned(resource());
    expect(others).toEqual([]);
    expect(canary).toMatchObject({
      name: 'acme-pay-canary',
      region: 'us-west-2',
      intervalMinutes: 5,
      timeoutMs: 60_000,
      script: '/out/one/asset.abc123/index.js',
      handler: 'handler',
    });
    const { door: given, plan: text } = canaryEnv.read(canary.environment);
    const identity = { kind: 'client', tokenUrl: `${door}/_local/canary-token/canary` };
    expect([given, readCanaryPlan(text)]).toEqual([door, { ...plan, identity }]);
    expect(canary.environment.AWS_REGION).toBe('us-west-2');
  });

  test.each([
    ['rate(1 minute)', 1],
    ['rate(2 hours)', 120],
    ['rate(1 hour)', 60],
  ])('%s are %i minutes', (Expression, minutes) => {
    expect(planned(resource({ Schedule: { Expression } }))[0].intervalMinutes).toBe(minutes);
  });

  test("with another script than the library's are left out, and so is what is no canary", () => {
    expect(planned(resource({ RunConfig: { EnvironmentVariables: { OTHER: 'x' } } }))).toEqual([]);
    expect(planned(resource({ RunConfig: undefined }))).toEqual([]);
    expect(planned(resource({}, { type: 'AWS::S3::Bucket' }))).toEqual([]);
  });
});

describe('a run of a script', () => {
  function scriptOf(name: string, text: string, timeoutMs = 10_000): PlannedCanary {
    mkdirSync(folder, { recursive: true });
    const script = path.join(folder, `${name}.js`);
    writeFileSync(script, text);
    return { name, region: 'us-west-2', intervalMinutes: 5, timeoutMs, script, handler: 'handler', environment: { GREETING: 'hello' } };
  }
  const never = new AbortController().signal;

  test.each<[string, string, object]>([
    [
      'passes',
      "exports.handler = async () => { if (process.env.GREETING !== 'hello' || process.env.PATH) throw new Error('environment'); };",
      { passed: true },
    ],
    [
      'fails',
      "exports.handler = async () => { throw new Error('2 of 9 checks failed'); };",
      { passed: false, failure: '2 of 9 checks failed' },
    ],
    ['has no handler', '', { passed: false, failure: expect.stringContaining('is not a function') }],
    ['ends the thread', 'exports.handler = () => process.exit(3);', { passed: false, failure: 'the script ended the process with 3' }],
  ])('%s', async (name, text, end) => {
    expect(await runScript(scriptOf(name.replace(/ /g, '-'), text), never)).toEqual(end);
  });

  test('that does not end is ended', async () => {
    const endless = scriptOf('endless', 'exports.handler = () => new Promise(() => setInterval(() => {}, 1000));', 200);
    expect(await runScript(endless, never)).toEqual({ passed: false, failure: 'no end within 0.2 s' });
    const ending = new AbortController();
    const run = runScript({ ...endless, timeoutMs: 60_000 }, ending.signal);
    ending.abort();
    expect(await run).toEqual({ passed: false, failure: 'the run was ended' });
  });
});

describe('on their schedule', () => {
  const dimensions = { CanaryName: 'acme-pay-canary' };
  const metric = (name: string) => ({ region: 'us-west-2', namespace: 'CloudWatchSynthetics', name, dimensions });

  test('runs are counted and shown, and none begins while its region is stopped or the one before goes on', async () => {
    jest.useFakeTimers({ now: 1_800_000_000_000 });
    try {
      const store = new MetricStore(3_600_000);
      let runs = true;
      const ends: { passed: boolean; failure?: string }[] = [{ passed: true }, { passed: false, failure: 'replay: 503' }];
      const begun: number[] = [];
      const canaries = new Canaries({
        canaries: plannedCanaries([resource()], () => '/out', door),
        run: async () => {
          begun.push(Date.now());
          await timePasses(1_000, 'a run takes a second');
          return ends.shift() ?? { passed: true };
        },
        regionRuns: () => runs,
        store,
        minuteMs: 5_000,
        nowMs: Date.now,
      });
      expect(canaries.list()).toEqual([{ name: 'acme-pay-canary', region: 'us-west-2', state: 'RUNNING', lastRun: undefined }]);
      void canaries.start();
      await jest.advanceTimersByTimeAsync(1_500);
      expect(canaries.list()[0].lastRun).toEqual({ at: new Date(1_800_000_000_000).toISOString(), passed: true, durationMs: 1_000 });
      await jest.advanceTimersByTimeAsync(26_000);
      expect(canaries.list()[0].lastRun).toMatchObject({ passed: false, failure: 'replay: 503', durationMs: 1_000 });
      const from = 1_800_000_000_000;
      expect(store.values(metric('SuccessPercent'), from, from + 60_000)).toEqual([100, 0]);
      expect(store.values(metric('Duration'), from, from + 60_000)).toEqual([1_000, 1_000]);
      runs = false;
      await jest.advanceTimersByTimeAsync(60_000);
      expect([begun.length, canaries.list()[0].state]).toEqual([2, 'STOPPED']);
      runs = true;
      await jest.advanceTimersByTimeAsync(26_000);
      expect(begun.length).toBe(3);
      canaries.close();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(begun.length).toBe(3);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('at the front door', () => {
  const list: CanaryView[] = [{ name: 'acme-pay-canary', region: 'us-west-2', state: 'RUNNING' }];
  const engines = { 'us-west-2': (_: unknown, response: { end: () => void }) => response.end() };

  test('are listed, and get tokens of their tenant', async () => {
    const open = await Door.open(engines, { canaries: { list: () => list } });
    expect((await open.ask('GET', '/_local/canaries')).json()).toEqual(list);
    const { status, json } = await open.ask('POST', '/_local/canary-token/canary');
    const { access_token: token, token_type: type } = json() as { access_token: string; token_type: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()) as Record<string, unknown>;
    expect([status, type, claims.tenant]).toEqual([200, 'Bearer', 'canary']);
    expect((await open.ask('POST', '/_local/canary-token/a%23b')).status).toBe(400);
    await open.close();
  });

  test('without any there are none', async () => {
    const open = await Door.open(engines);
    expect((await open.ask('GET', '/_local/canaries')).json()).toEqual([]);
    await open.close();
  });
});

test('the page shows what the last run of each came to, escaped', () => {
  const lastRun = { at: '2026-11-30T01:02:03.000Z', passed: false, durationMs: 1_234, failure: 'replay: <503>' };
  const state = {
    canaries: [
      { name: 'a', region: 'us-east-1', state: 'RUNNING', lastRun },
      { name: 'b', region: 'us-west-2', state: 'STOPPED' },
    ],
  } as unknown as PageState;
  const text = view(state).toString();
  expect(text).toContain('failed');
  expect(text).toContain('replay: &#60;503&#62;');
  expect(text).toContain('01:02:03');
  expect(text).toContain('its region is stopped');
  expect(view({} as PageState).toString()).toContain('The app has no canary.');
});
