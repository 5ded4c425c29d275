import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { apiMetrics } from '../../src/api/contract';
import { accountLoad, callWaits, CostMode, usage } from '../../src/commands/cost/usage.domain';
import { meshMetrics } from '../../src/events/contract';
import { grouped } from '../../src/kernel/grouped';
import { ledgerMetrics } from '../../src/ledger/contract';
import { stubContext } from '../cdk/stacks';
import { waitsOfCalls } from '../ledger/waits-of-calls';
import { readTracked } from '../project/tracked-files';

const performance = readTracked('docs/performance.md');

/** The numbers in a row of a table of docs/performance.md, found by how it begins. */
function numbersOf(row: string): number[] {
  const line = performance.split('\n').find((one) => one.startsWith(`| ${row} |`));
  if (line === undefined) throw new Error(`docs/performance.md has no row '${row}'`);
  return line
    .slice(row.length + 4, -1)
    .split('|')
    .map((cell) => Number(cell.replace(/,/g, '').trim()));
}

describe('what an estimate takes from measurements stands there', () => {
  test.each([
    ['**ours: new authorization**', usage.authoriseWrites],
    ['ours: capture', usage.captureWrites],
    ['ours: first replay (completes the payment for the next one)', usage.replayWrites],
  ])('%s', (row, { value }) => {
    const counts = performance.split('### Requests and units of one call')[1];
    const cells = counts.split('\n').find((line) => line.startsWith(`| ${row} |`))!;
    const [, writes, ofIndex] = cells
      .slice(row.length + 4)
      .split('|')
      .map(Number);
    expect(writes + ofIndex).toBe(value);
  });

  test("a payment's first replay in HOME_REGION", () => {
    const table = performance.split('### Entries held by one account, HOME_REGION: ')[1];
    const cells = table
      .split('\n')
      .find((line) => line.startsWith('| 0 |'))!
      .split('|');
    expect(Number(cells[6].split('/')[1])).toBe(usage.replayWritesHome.value);
  });

  test.each([
    ['authorise', waitsOfCalls['an authorization']],
    ['capture', waitsOfCalls['a capture']],
    ['replay', waitsOfCalls['a first replay']],
  ] as const)('how often it waits: %s', (call, { strong: answers, crossings, home: answersHome }) => {
    expect(callWaits.strong[call]).toEqual({ answers, crossings });
    expect(callWaits['home-region'][call]).toEqual({ answers: answersHome, crossings: 0 });
  });

  test('sizes and time', () => {
    expect(numbersOf('the same, captured')).toEqual([usage.paymentBytes.value]);
    expect(numbersOf("a capture's item, with its stored answer")).toEqual([usage.captureBytes.value]);
    expect(performance).toMatch(
      new RegExp(`\\| ours: new authorization, the whole function \\|[^|]+\\|[^|]+\\| ${usage.functionTime.value} \\|`),
    );
  });

  test.each<[string, CostMode]>([
    ['STRONG', 'strong'],
    ['HOME_REGION', 'home-region'],
  ])('payments a day on one account, %s', (name, mode) => {
    for (const [day, { writes, reads }] of Object.entries(accountLoad[mode])) {
      const cells = numbersOf(`${name} | ${grouped(Number(day))} | at once`);
      expect(cells.slice(3, 5)).toEqual([writes, reads]);
    }
  });
});

/** What stands in the first region of the example, of all its stacks there. */
function standing(mode: 'STRONG' | 'HOME_REGION') {
  const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  // Edge and documents are no part of what a payment takes.
  defineSystem(app, { ...configOf(mode), parts: { dashboard: true, documents: false } });
  const templates = app.node.children
    .filter((child): child is Stack => Stack.isStack(child) && child.region === 'us-east-1')
    .map((stack) => Template.fromStack(stack));
  return (type: string): Record<string, any>[] =>
    templates.flatMap((template) => Object.values(template.findResources(type)).map(({ Properties }) => Properties as Record<string, any>));
}

const strong = standing('STRONG');
const home = standing('HOME_REGION');

test('what stands in a region is counted', () => {
  expect(strong('AWS::CloudWatch::Alarm')).toHaveLength(usage.alarms.value);
  expect(home('AWS::CloudWatch::Alarm')).toHaveLength(usage.alarmsHome.value);
  expect(strong('AWS::Lambda::Function')).toHaveLength(usage.functions.value);
  expect(home('AWS::Lambda::Function')).toHaveLength(usage.functionsHome.value);
  expect(strong('AWS::ApiGateway::Method')).toHaveLength(usage.methods.value);
  expect(strong('AWS::KMS::Key')).toHaveLength(usage.keys.value);
  const checks = strong('AWS::Route53::HealthCheck').map(({ HealthCheckConfig }) => HealthCheckConfig as Record<string, unknown>);
  expect(checks).toHaveLength(usage.healthChecks.value);
  expect([checks[0].Type === 'HTTPS', checks[0].RequestInterval === 10].filter(Boolean)).toHaveLength(usage.healthOptions.value);
  const names = [apiMetrics, meshMetrics, ledgerMetrics]
    .flatMap((group) => Object.keys(group))
    .filter((name) => !name.endsWith('Dimension'));
  expect(names).toHaveLength(usage.metrics.value);
});

test('memory, batches and how long things are kept are those of the constructs', () => {
  const functions = strong('AWS::Lambda::Function');
  const memoryOf = (pattern: RegExp): number[] =>
    functions.filter(({ Description }) => pattern.test(String(Description))).map(({ MemorySize }) => Number(MemorySize) / 1024);
  expect(memoryOf(/: payments$/)).toEqual([usage.apiMemory.value]);
  expect([...new Set(functions.map(({ MemorySize }) => Number(MemorySize) / 1024))]).toContain(usage.workerMemory.value);
  const batches = strong('AWS::Lambda::EventSourceMapping').map(({ BatchSize }) => Number(BatchSize));
  expect(batches).toContain(usage.consumerBatch.value);
  const months = strong('AWS::Logs::LogGroup').map(({ RetentionInDays }) => Math.round(Number(RetentionInDays) / 30));
  expect(Math.max(...months)).toBe(usage.logMonths.value);
  expect(strong('AWS::Events::Archive').map(({ RetentionDays }) => Number(RetentionDays) / 30)).toEqual([usage.archiveMonths.value]);
});

test('each figure says where it is from', () => {
  for (const { source, unit } of Object.values(usage)) expect(`${unit}: ${source}`).toMatch(/\w.*: \w/);
});
