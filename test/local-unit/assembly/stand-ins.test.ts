import { readFileSync } from 'node:fs';
import path from 'node:path';
import { madeUpAttribute, madeUpId, standInOf, standIns, type Treatment } from '../../../local/assembly/stand-ins';

const treatments: Record<Treatment, string> = { removed: 'taken out', replaced: 'replaced', watched: 'made', idle: 'made' };

/** A row as the README shows it. */
const rows = standIns.map(
  ({ type, onlyWith, treatment, lacks, standIn }) =>
    `| \`${type}\`${onlyWith ? ` with \`${onlyWith}\`` : ''} | ${treatments[treatment]}: ${lacks} | ${standIn} |`,
);

test('local/README.md shows the table that the code goes by', () => {
  const readme = readFileSync(path.resolve(__dirname, '../../../local/README.md'), 'utf8').split('\n');
  expect(readme.filter((line) => /^\| `(AWS|Custom)::/.test(line))).toEqual(rows);
});

test('a row for some resources of a type comes before the row for all of them', () => {
  for (const [index, { type, onlyWith }] of standIns.entries()) {
    if (onlyWith) expect(standIns.findIndex((row) => row.type === type && row.onlyWith === undefined)).toBeGreaterThan(index);
  }
  expect(standInOf({ Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [] } })?.treatment).toBe('removed');
  expect(standInOf({ Type: 'AWS::CloudWatch::Alarm' })?.treatment).toBe('watched');
  expect(standInOf({ Type: 'AWS::SNS::Topic' })).toBeUndefined();
});

test('made-up IDs are the same in every run and differ between resources', () => {
  for (const { type } of standIns.filter(({ treatment }) => treatment === 'removed')) {
    expect(madeUpId(type, 's', 'A')).toBe(madeUpId(type, 's', 'A'));
    expect(new Set([madeUpId(type, 's', 'A'), madeUpId(type, 's', 'B'), madeUpId(type, 't', 'A')]).size).toBe(3);
  }
  expect(madeUpAttribute('id', 'AWS::CloudWatch::CompositeAlarm', 'Arn')).toBe('arn:aws:cloudwatch:::id');
  expect(madeUpAttribute('id', 'AWS::Route53::HealthCheck', 'HealthCheckId')).toBe('id');
});
