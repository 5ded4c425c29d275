import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { configOf, Faults, faultsOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { stubContext } from '../cdk/stacks';

interface Finding {
  readonly ruleName: string;
}
interface Made {
  readonly findings: readonly Finding[];
  /** Resources and parameters by stack and logical ID. */
  readonly parts: Readonly<Record<string, unknown>>;
}

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The example with drills, and no other part. */
function made(faults: Faults): Made {
  const outdir = mkdtempSync(path.join(tmpdir(), 'faults-'));
  folders.push(outdir);
  const app = new App({ outdir, context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf('drill', faults)));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const warnings = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  try {
    app.synth();
  } catch {
    // Findings make it fail after the templates are written: they are judged one by one.
  } finally {
    log.mockRestore();
    warnings.mockRestore();
  }
  const read = (file: string): any => JSON.parse(readFileSync(path.join(outdir, file), 'utf8').replace(/[0-9a-f]{64}/g, '<hash>'));
  const reports = read('validation-report.json').pluginReports as { pluginName: string; violations: Finding[] }[];
  return {
    findings: reports.filter(({ pluginName }) => pluginName.startsWith('AwsSolutions')).flatMap(({ violations }) => violations),
    parts: Object.fromEntries(
      readdirSync(outdir)
        .filter((file) => file.endsWith('.template.json'))
        .flatMap((file) => {
          const { Resources, Parameters = {} } = read(file) as Record<string, Record<string, unknown>>;
          const stack = file.replace('.template.json', '');
          return Object.entries({ ...Parameters, ...Resources }).map(([id, part]) => [`${stack} ${id}`, part]);
        }),
    ),
  };
}

const none = made('NONE');
const byHand = made('BY_HAND');
const bySchedule = made('BY_SCHEDULE');
process.exitCode = undefined;

/** What another setting adds or changes. */
const changed = (from: Made, to: Made): Record<string, unknown> =>
  Object.fromEntries(Object.entries(to.parts).filter(([id, part]) => JSON.stringify(part) !== JSON.stringify(from.parts[id])));

/** What cdk-nag says of experiments, and why it is so. */
const reasonsIn = (region: string): Readonly<Record<string, string>> => {
  const of = `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:fis:${region}:<AWS::AccountId>`;
  return {
    [`${of}:experiment/*]`]: 'FIS makes up the ID; the tags of the drill are asked for',
    [`${of}:safety-lever/*]`]: 'AWS makes the one lever of the region, which a drill reads',
    [`${of}:experiment-template/*]`]: 'CloudFormation makes up the ID; the tags of the drill are asked for',
  };
};
const reasons: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::<FaultBucketF0E8883D.Arn>/FisConfigs/*]':
    'the folder by which FIS speaks to its extension: it makes up the names there',
  'AwsSolutions-S1': 'the bucket holds what FIS says to its extension, for minutes: who may write there is FIS alone',
  ...reasonsIn('us-east-1'),
  ...reasonsIn('us-west-2'),
};

test('what cdk-nag says of regions that are drilled by faults has a reason', () => {
  const known = new Set(none.findings.map(({ ruleName }) => ruleName));
  const own = byHand.findings.map(({ ruleName }) => ruleName).filter((name) => !known.has(name) || name === 'AwsSolutions-S1');
  expect([...new Set(own)].sort()).toEqual(Object.keys(reasons).sort());
});

test('what faults by hand add and change is as it was read, and nothing goes', () => {
  expect(changed(none, byHand)).toMatchSnapshot();
  expect(Object.keys(none.parts).filter((id) => !(id in byHand.parts))).toEqual([]);
});

/** The plan of each drill, as its functions get it. */
const plans = ({ parts }: Made): unknown[] =>
  [
    ...new Set(
      Object.values(parts).flatMap((part) => {
        const text = (part as any).Properties?.Environment?.Variables?.DRILL_PLAN as string | undefined;
        const { drilled, kind, faults, longestSeconds } = JSON.parse(text ?? '{}');
        return text === undefined ? [] : [JSON.stringify({ drilled, kind, faults, longestSeconds })];
      }),
    ),
  ].map((text) => JSON.parse(text) as unknown);

test('a schedule drains, and makes functions fail only where it is asked to', () => {
  const both = (plan: object): object[] => ['us-west-2', 'us-east-1'].map((drilled) => ({ drilled, ...plan }));
  expect(plans(none)).toEqual(both({ longestSeconds: 300 }));
  expect(plans(byHand)).toEqual(both({ faults: true, longestSeconds: 420 }));
  expect(plans(bySchedule)).toEqual(both({ kind: 'fault', longestSeconds: 420 }));
  // Nothing else: who may start one by hand may start one by fault, either way.
  const functions = Object.entries(changed(byHand, bySchedule)).map(([id, part]) => [id, (part as { Type: string }).Type]);
  expect(functions).toHaveLength(10);
  expect(functions.every(([id, type]) => type === 'AWS::Lambda::Function' && id.includes(' DrillFunctions'))).toBe(true);
});

test('faults are asked for by context, with drills and a ledger in STRONG', () => {
  expect([faultsOf(undefined), faultsOf('BY_HAND')]).toEqual(['NONE', 'BY_HAND']);
  expect(() => faultsOf('true')).toThrow("context 'faults' is 'true': give NONE or BY_HAND or BY_SCHEDULE, or leave it out for NONE");
  expect(partsOf(undefined, 'BY_HAND').drill).toEqual({ ...partsOf().drill, faults: 'BY_HAND' });
  expect(() => partsOf('edge', 'BY_HAND')).toThrow(
    "context 'faults' is 'BY_HAND' without drills: give drill in 'only' too, or leave 'faults' out",
  );
  const home = configOf('HOME_REGION', 'RULES', undefined, partsOf('drill', 'BY_HAND'));
  expect(() => defineSystem(new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } }), home)).toThrow(
    /^\[acme-pay-us-east-1\/Fault\] 'api' is the API of a ledger in HOME_REGION; allowed: the API of a ledger in STRONG/,
  );
});
