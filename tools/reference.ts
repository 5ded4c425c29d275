/**
 * Writes docs/reference.md, what a system shows and uses: `npx tsx tools/reference.ts`. It is made of contracts, schemas and templates.
 * The templates are read as the examples' tests keep them, for synthesis takes minutes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from './disk/files';
import { metricGroups, metricsOf } from './reference/metrics';
import { root } from './steps';
import { problems } from '../src/api/contract';
import { systemMetrics } from '../src/kernel/system-metrics';

/** Where the document lies in the repository. */
export const referenceFile = path.join(root, 'docs', 'reference.md');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);

/** The document as it is committed. */
export function renderReference(): string {
  const all = keptStacks();
  return [
    '# Reference',
    '',
    'Generated: change the sources, then run `npx tsx tools/reference.ts`. Constructs and props are in [API.md](../API.md), ' +
      'the IAM actions of each role in [security-table.md](security-table.md), ' +
      'calls and answers of the API in [openapi.yaml](openapi.yaml).',
    '',
    '## Errors of the API',
    '',
    'Each is `application/problem+json` with `code`, for programs. A code keeps its meaning.',
    '',
    ...table(
      ['code', 'status', 'what happened'],
      Object.entries(problems).map(([code, { status, title }]) => [`\`${code}\``, String(status), title]),
    ),
    '',
    '## Events',
    '',
    'The `detail-type` is the name. The schema is `cdk-multi-region-payments/schemas/NAME.schema.json`. [More](events.md#the-envelope).',
    '',
    ...table(['name', 'what it says'], events()),
    '',
    '## Metrics',
    '',
    `In the namespace \`${systemMetrics.namespace}\`, with the dimensions \`${systemMetrics.systemDimension}\` and ` +
      `\`${systemMetrics.regionDimension}\`, and those that are named.`,
    '',
    ...table(
      ['part', 'metric', 'what it counts or measures'],
      metricGroups.flatMap((group) => metricsOf(group).map((name) => [group.title, `\`${name}\``, group.meanings[name]])),
    ),
    '',
    '## Alarms',
    '',
    'Of both examples, with their defaults. "3 of 5" means three of five periods. The link leads to what the person on call does. ' +
      'With events by a global endpoint there is one more, `MeshGlobalEndpointUnhealthy`, and with drills by a fault `FaultStop`: ' +
      '[all alarms](alarms.md), by page and ticket.',
    '',
    ...table(['alarm', 'what it says', 'when', 'what to do'], alarms(all)),
    '',
    '## Quotas used',
    '',
    'What the larger region of `active-active` has, beside the default quota of an account. ' +
      "[`preflight`](commands.md) compares with your account's own where it says so. Rates are in [scaling.md](scaling.md).",
    '',
    ...table(['resource', 'used', 'default quota', '`preflight` looks'], quotas(all.filter(({ example }) => example === 'active-active'))),
    '',
    "Defaults are those of AWS's quota pages of each service, copies that were read in November 2026: " +
      '[Lambda](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), ' +
      '[DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html), ' +
      '[EventBridge](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html), ' +
      '[API Gateway](https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html). Ask for more in Service ' +
      'Quotas: of IAM and Route 53 in us-east-1, of the others in each region. Fixed ones cannot be raised.',
    '',
  ].join('\n');
}

function events(): string[][] {
  return filesBelow(path.join(root, 'schemas')).flatMap((file) => {
    const schema = JSON.parse(readFileSync(path.join(root, 'schemas', file), 'utf8')) as { title: string; description: string };
    return file === `${schema.title}.schema.json` ? [[`\`${schema.title}\``, schema.description]] : [];
  });
}

interface KeptResource {
  readonly id: string;
  readonly type: string;
  /** As the snapshot has it. */
  readonly text: string;
}

interface KeptStack {
  /** `active-active`, the same in its other mode, or `migration`. */
  readonly example: string;
  readonly region: string;
  readonly resources: readonly KeptResource[];
}

/** Templates in the snapshots of the examples' tests, each resource at its place. */
function keptStacks(): KeptStack[] {
  return ['active-active', 'migration'].flatMap((example) => {
    const text = readFileSync(path.join(root, 'test', 'examples', '__snapshots__', `${example}.test.ts.snap`), 'utf8');
    return [...text.matchAll(/^exports\[`(.*) is as it was 1`\] = `\n([^]*?)^`;$/gm)].map(([, name, template]) => ({
      example: name.startsWith('in mode ') ? `${example} ${name.split(' ')[2]}` : example,
      region: /[a-z]{2}-[a-z]+-\d$/.exec(name)?.[0] ?? 'us-east-1',
      resources: [...template.matchAll(/^ {4}"(\w+)": \{\n([^]*?)^ {4}\},$/gm)].flatMap(([, id, body]) => {
        const type = /^ {6}"Type": "((?:AWS|Custom)::[\w:]+)",$/m.exec(body)?.[1];
        return type === undefined || type.startsWith('AWS::SSM::Parameter::Value') ? [] : [{ id, type, text: body }];
      }),
    }));
  });
}

const signs: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '>=',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '<=',
};

/** One row for each alarm, however many regions and apps have it. An example's own one, without a link, has none. */
function alarms(all: readonly KeptStack[]): string[][] {
  const rows = new Map<string, string[]>();
  for (const { id, type, text } of all.flatMap(({ resources }) => resources)) {
    // The name of the system may be a token: then its rest is a part of a join.
    const [, said, anchor] = /^ *(?:"AlarmDescription": )?"[^":]*: (.*?)\.? What to do: \S+#([a-z-]+)",$/m.exec(text) ?? [];
    if (type !== 'AWS::CloudWatch::Alarm' || said === undefined) continue;
    const name = id.slice(0, -8).replace(/[a-z]{2}(?:east|west|central|north|south)[a-z]*\d$/, 'REGION');
    const row = [`\`${name}\``, said.replaceAll(/[a-z]{2}-[a-z]+-\d/g, 'REGION'), when(text), `[${anchor}](runbook.md#${anchor})`];
    rows.set(`${name} ${anchor}`, rows.get(`${name} ${anchor}`) ?? row);
  }
  return [...rows.values()].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Metrics with statistic and period, comparison, threshold, and datapoints of periods. */
function when(text: string): string {
  const all = (name: string): string[] =>
    [...text.matchAll(/^ *"(\w+)": "?([^",]*)"?,$/gm)].flatMap(([, key, value]) => (key === name ? [value] : []));
  const [statistics, periods] = [[...all('Stat'), ...all('Statistic'), ...all('ExtendedStatistic')], all('Period')];
  const parts = all('MetricName').map((metric, at) => `\`${metric}\` ${statistics[at]} of ${periods[at]} s`);
  const [of] = all('EvaluationPeriods');
  const [datapoints = of] = all('DatapointsToAlarm');
  return `${[...new Set(parts)].join(', ')} ${signs[all('ComparisonOperator')[0]]} ${all('Threshold')[0]}, ${datapoints} of ${of}`;
}

interface UsedQuota {
  readonly what: string;
  readonly types: readonly string[];
  readonly quota: string;
  readonly looks: boolean;
  /** Whether the quota is the account's, and not a region's. */
  readonly global?: boolean;
}

const used: readonly UsedQuota[] = [
  { what: 'Lambda functions', types: ['AWS::Lambda::Function'], quota: '1,000 executions at once', looks: true },
  { what: 'DynamoDB tables', types: ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'], quota: '2,500', looks: true },
  { what: 'EventBridge rules', types: ['AWS::Events::Rule'], quota: '300 on a bus; 100 in af-south-1 and eu-south-1', looks: true },
  { what: 'CloudWatch alarms', types: ['AWS::CloudWatch::Alarm'], quota: 'none', looks: false },
  { what: 'REST APIs of a region', types: ['AWS::ApiGateway::RestApi'], quota: '600, fixed', looks: false },
  { what: 'SNS topics, standard', types: ['AWS::SNS::Topic'], quota: '100,000', looks: false },
  { what: 'Route 53 health checks, in the account', types: ['AWS::Route53::HealthCheck'], quota: '200', looks: true, global: true },
  { what: 'IAM roles, in the account', types: ['AWS::IAM::Role'], quota: '1,000', looks: false, global: true },
];

function quotas(stacks: readonly KeptStack[]): string[][] {
  const count = (of: readonly KeptStack[], types: readonly string[]): number =>
    of.reduce((sum, { resources }) => sum + resources.filter(({ type }) => types.includes(type)).length, 0);
  const regions = [...new Set(stacks.map(({ region }) => region))];
  const rows = used.map(({ what, types, quota, looks, global }) => {
    const most = global
      ? count(stacks, types)
      : Math.max(
          ...regions.map((region) =>
            count(
              stacks.filter((stack) => stack.region === region),
              types,
            ),
          ),
        );
    return [what, String(most), quota, looks ? 'yes' : 'no'];
  });
  const largest = Math.max(...stacks.map(({ resources }) => resources.length));
  return [...rows, ['resources of the largest stack', String(largest), '500, fixed', 'no: synthesis fails above it']];
}

if (require.main === module) writeFileSync(referenceFile, renderReference());
