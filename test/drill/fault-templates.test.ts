import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import { configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { RegionDrill, RegionDrillKind, RegionFault } from '../../src/index';
import { stubContext } from '../cdk/stacks';

interface Finding {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}

interface CfnPart {
  readonly Type: string;
}

const experiments = 'arn:<AWS::Partition>:fis:us-east-1:<AWS::AccountId>';

/** What cdk-nag says of experiments, and why it is so. */
const reasons: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::*]': 'FIS asks for tag:GetResources, which knows no resource',
  'AwsSolutions-IAM5[Resource::<FaultBucketF0E8883D.Arn>/FisConfigs/*]':
    'the folder by which FIS speaks to its extension: it makes up the names there',
  'AwsSolutions-S1': 'the bucket holds what FIS says to its extension, for minutes: who may write there is FIS alone',
  [`AwsSolutions-IAM5[Resource::${experiments}:experiment/*]`]: 'FIS makes up the ID; the tags of the drill are asked for',
  [`AwsSolutions-IAM5[Resource::${experiments}:safety-lever/*]`]: 'AWS makes the one lever of the region, which a drill reads',
  [`AwsSolutions-IAM5[Resource::${experiments}:experiment-template/*]`]:
    'CloudFormation makes up the ID; the tags of the drill are asked for',
};

const outdir = mkdtempSync(path.join(tmpdir(), 'fault-'));
afterAll(() => rmSync(outdir, { recursive: true }));

/** The example with a drill of us-east-1 by fault, and no other part. */
function synthesised(): { readonly findings: readonly Finding[]; readonly of: (stack: string) => Readonly<Record<string, CfnPart>> } {
  const app = new App({ outdir, context: stubContext() });
  const config = configOf('STRONG', 'RULES', undefined, partsOf('none'));
  const stacks = defineSystem(app, config);
  const [drilled, stack] = ['us-east-1', 'us-west-2'].map((name) => stacks.find(({ region }) => region === name)!);
  new RegionFault(drilled, 'Fault', { api: drilled.api, mesh: drilled.mesh });
  new RegionDrill(stack, 'Drill', {
    api: stack.api,
    mesh: stack.mesh,
    region: 'us-east-1',
    kind: RegionDrillKind.FAULT,
    publicName: config.domain.name,
    zoneName: config.domain.zoneName,
    prober: {
      tokenUrl: 'https://login.example.com/oauth2/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'DrillClient', 'acme-pay/drill-client'),
    },
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    app.synth();
  } catch {
    // Findings make it fail after the templates are written: they are judged one by one.
  } finally {
    log.mockRestore();
  }
  const report = JSON.parse(readFileSync(path.join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; violations: Finding[] }[];
  };
  return {
    findings: report.pluginReports
      .filter(({ pluginName }) => pluginName.startsWith('AwsSolutions'))
      .flatMap(({ violations }) => violations),
    of: (name) => {
      const text = readFileSync(path.join(outdir, `${name}.template.json`), 'utf8').replace(/[0-9a-f]{64}/g, '<hash>');
      return (JSON.parse(text) as { Resources: Record<string, CfnPart> }).Resources;
    },
  };
}

const { findings, of } = synthesised();
process.exitCode = undefined;

test('what cdk-nag says of a region that is drilled by faults has a reason', () => {
  const own = findings.filter(
    ({ ruleName, violatingConstructs }) =>
      /:fis:|FaultBucket/.test(ruleName) || violatingConstructs.some(({ constructPath }) => constructPath.includes('/Fault/')),
  );
  expect([...new Set(own.map(({ ruleName }) => ruleName))].sort()).toEqual(Object.keys(reasons).sort());
});

test('what stands in the drilled region is as it was read', () => {
  const fault = Object.entries(of('acme-pay-us-east-1')).filter(([id]) => id.startsWith('Fault'));
  expect(Object.fromEntries(fault)).toMatchSnapshot();
});
